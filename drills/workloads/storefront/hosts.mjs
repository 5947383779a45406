// The site's own settings in the words of each host: how long answers are kept, which paths are pages.
const REVALIDATE = "public, max-age=0, must-revalidate";
const FOREVER = "public, max-age=31536000, immutable";
const PAGES = ["/", "/index.html", "/orders", "/orders/*"];
const FALLBACKS = { all: ["/*"], pages: ["/orders", "/orders/*"], none: [] };

function lifetimes(html) {
  return [...PAGES.map((page) => [page, html]), ["/assets/*", FOREVER], ["/prices.json", REVALIDATE], ["/sw.js", REVALIDATE]];
}

// vercel.com/docs/project-configuration: `headers` and `rewrites`, with path-to-regexp patterns.
function vercel(fallback, html) {
  const pattern = (path) => path.replace("*", "(.*)");
  const headers = lifetimes(html).map(([path, value]) => ({
    source: pattern(path),
    headers: [{ key: "Cache-Control", value }],
  }));
  const rewrites = FALLBACKS[fallback].map((path) => ({ source: pattern(path), destination: "/index.html" }));
  return { "vercel.json": JSON.stringify({ headers, rewrites }, null, 2) };
}

function headersFile(html) {
  return lifetimes(html).map(([path, value]) => `${path}\n  Cache-Control: ${value}\n`).join("");
}

function redirectsFile(fallback, page) {
  return FALLBACKS[fallback].map((path) => `${path} ${page} 200\n`).join("");
}

// docs.netlify.com, "Custom headers" and "Redirects and rewrites".
function netlify(fallback, html) {
  return { _headers: headersFile(html), _redirects: redirectsFile(fallback, "/index.html") };
}

// developers.cloudflare.com/pages, "Headers", "Redirects", "Serving Pages": a site without 404.html is taken for a
// single-page application, and any unknown path is answered with its page; /index.html itself would be redirected to /.
function pages(fallback, html) {
  const redirects = fallback === "all" ? "" : redirectsFile(fallback, "/");
  return { _headers: headersFile(html), ...(redirects && { _redirects: redirects }) };
}

const HOSTS = { vercel, netlify, pages, plain: () => ({}) };

// Configuration files of a host by name.
export function settings(host, fallback, html) {
  if (!HOSTS[host]) throw new Error(`--host: one of ${Object.keys(HOSTS).join(", ")}`);
  if (!FALLBACKS[fallback]) throw new Error(`--fallback: one of ${Object.keys(FALLBACKS).join(", ")}`);
  return HOSTS[host](fallback, html);
}
