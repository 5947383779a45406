// Takes the place of any worker before it, answers nothing itself, and shows every open page as the server has it.
self.addEventListener("install", () => self.skipWaiting());

async function handBack() {
  for (const name of await caches.keys()) await caches.delete(name);
  await self.clients.claim();
  for (const client of await self.clients.matchAll({ type: "window" })) await client.navigate(client.url);
}

self.addEventListener("activate", (event) => event.waitUntil(handBack()));
