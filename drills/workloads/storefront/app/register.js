// No service worker in this release.
