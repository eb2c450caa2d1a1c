// The service worker's page side: registers it, tells the visitor of a new version, and asks it to keep the runtime once
// a model has been loaded (14 MB that a visitor who never compares should not pay for).

const supported = 'serviceWorker' in navigator;
let kept = false;

export async function announceUpdates({ notice, button }) {
  if (!supported) return;
  let registration;
  try {
    registration = await navigator.serviceWorker.register(new URL('../sw.js', import.meta.url));
  } catch (error) {
    console.info(`no offline use: ${error.message}`);
    return;
  }
  const offer = () => {
    // Without a controller this is the first visit, and there is nothing to replace.
    if (registration.waiting && navigator.serviceWorker.controller) notice.hidden = false;
  };
  offer();
  registration.addEventListener('updatefound', () => {
    const worker = registration.installing;
    worker.addEventListener('statechange', offer);
  });
  button.addEventListener('click', () => {
    navigator.serviceWorker.addEventListener('controllerchange', () => window.location.reload(), { once: true });
    registration.waiting?.postMessage({ type: 'activate' });
  });
}

// descriptions: URLs of the catalog, manifests and vocabularies that this visit used.
export async function keepForOffline(descriptions) {
  if (!supported || kept) return;
  kept = true;
  const registration = await navigator.serviceWorker.ready;
  registration.active?.postMessage({ type: 'keep_runtime', descriptions });
}
