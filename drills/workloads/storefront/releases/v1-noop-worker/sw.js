// Takes the place of any worker before it, answers nothing itself, and shows every open page as the server has it.
self.addEventListener("install", () => self.skipWaiting());

async function forget() {
  for (const name of await caches.keys()) await caches.delete(name);
  await self.clients.claim();
}

async function showAgain() {
  for (const client of await self.clients.matchAll({ type: "window" })) client.navigate(client.url);
}

// Not part of the activation: a page that is navigated waits for the end of that.
self.addEventListener("activate", (event) => {
  const forgotten = forget();
  event.waitUntil(forgotten);
  forgotten.then(showAgain);
});
