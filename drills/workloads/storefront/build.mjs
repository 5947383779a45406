#!/usr/bin/env node
// Builds one release of the shop into a folder: app/ with the files of releases/<id>/ over it.
// Needs esbuild, found as node finds packages: in node_modules, or in a folder that NODE_PATH names.
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { basename, join, relative, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { settings } from "./hosts.mjs";

const HERE = fileURLToPath(new URL(".", import.meta.url));
const USAGE = `build.mjs --release ID --out FOLDER
  --api-url URL       where orders go; baked in (default: $API_URL, else https://api.example.com)
  --host NAME         vercel, netlify, pages: writes that host's configuration; plain (default): none
  --html-cache VALUE  Cache-Control of pages (default: public, max-age=0, must-revalidate)
  --fallback all      any unknown path is answered with the page; default: pages (only /orders is), none
  --reload            a page whose order form is gone loads itself again
  --keep FOLDER       an earlier build, whose hashed assets stay beside the new ones; may be repeated`;

function options() {
  const text = { type: "string" };
  const { values } = parseArgs({
    options: {
      release: text,
      out: text,
      "api-url": { ...text, default: process.env.API_URL || "https://api.example.com" },
      host: { ...text, default: "plain" },
      "html-cache": { ...text, default: "public, max-age=0, must-revalidate" },
      fallback: { ...text, default: "pages" },
      reload: { type: "boolean", default: false },
      keep: { ...text, multiple: true, default: [] },
    },
  });
  const known = readdirSync(join(HERE, "releases"));
  if (!known.includes(values.release)) throw new Error(`--release: one of ${known.join(", ")}`);
  if (!values.out) throw new Error("--out: the folder to write");
  return values;
}

// An empty folder in which to build; a folder that is no earlier build is not touched.
function emptied(folder) {
  if (existsSync(folder) && readdirSync(folder).length && !existsSync(join(folder, "prices.json"))) {
    throw new Error(`--out: ${folder} holds something that is no build`);
  }
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
}

async function bundle(source, out, version, { "api-url": api, reload }) {
  const { build } = createRequire(import.meta.url)("esbuild");
  const banner = `/* version: ${version} */`;
  const { metafile } = await build({
    absWorkingDir: source,
    entryPoints: ["main.js"],
    outdir: join(out, "assets"),
    entryNames: "[name]-[hash]",
    chunkNames: "[name]-[hash]",
    bundle: true,
    splitting: true,
    format: "esm",
    minify: true,
    charset: "utf8",
    metafile: true,
    banner: { js: banner, css: banner },
    define: {
      __VERSION__: JSON.stringify(version),
      __API_URL__: JSON.stringify(api),
      __RELOAD__: JSON.stringify(reload),
    },
    logLevel: "warning",
  });
  const [script, { cssBundle }] = Object.entries(metafile.outputs).find(([, each]) => each.entryPoint === "main.js");
  return { SCRIPT: `assets/${basename(script)}`, STYLE: `assets/${basename(cssBundle)}` };
}

function escaped(text) {
  return text.replace(/[&<>"]/g, (each) => `&#${each.charCodeAt(0)};`);
}

function filled(text, names) {
  return Object.entries(names).reduce((done, [name, value]) => done.replaceAll(`%${name}%`, () => value), text);
}

async function write(source, out, values) {
  const version = readFileSync(join(source, "VERSION"), "utf8").trim();
  const names = { VERSION: version, API_URL: escaped(values["api-url"]), ...(await bundle(source, out, version, values)) };
  for (const page of ["index.html", "sw.js"].filter((each) => existsSync(join(source, each)))) {
    const marker = page.endsWith(".js") ? `/* version: ${version} */\n` : "";
    writeFileSync(join(out, page), marker + filled(readFileSync(join(source, page), "utf8"), names));
  }
  const { published } = await import(pathToFileURL(join(source, "prices.mjs")));
  const products = Object.entries(JSON.parse(readFileSync(join(source, "products.json"), "utf8")));
  const prices = Object.fromEntries(products.map(([name, cents]) => [name, published(cents)]));
  writeFileSync(join(out, "prices.json"), JSON.stringify({ version, prices }));
  if (values.fallback !== "all") cpSync(join(source, "404.html"), join(out, "404.html"));
  for (const earlier of values.keep) cpSync(join(earlier, "assets"), join(out, "assets"), { recursive: true, force: false });
  for (const [file, content] of Object.entries(settings(values.host, values.fallback, values["html-cache"]))) {
    writeFileSync(join(out, file), content);
  }
  return version;
}

async function main() {
  const values = options();
  const out = resolve(values.out);
  const source = mkdtempSync(join(tmpdir(), "storefront-"));
  try {
    emptied(out);
    cpSync(join(HERE, "app"), source, { recursive: true });
    cpSync(join(HERE, "releases", values.release), source, { recursive: true });
    const version = await write(source, out, values);
    console.log(`${values.release} (${version}) is built: ${relative(process.cwd(), out) || "."}`);
  } finally {
    rmSync(source, { recursive: true, force: true });
  }
}

try {
  await main();
} catch (problem) {
  console.error(`${problem.message}\n\n${USAGE}`);
  process.exitCode = 1;
}
