// The service worker's page side: registers it, tells the visitor of a new version, and asks it to keep what a model needs
// once one has been loaded: its description, and of a transformer the runtime (14 MB that a visitor who never runs one
// should not pay for).

const supported = 'serviceWorker' in navigator;
let kept = 0; // descriptions, and one more with the runtime

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

// descriptions: URLs of the catalog, manifests, vocabularies and configurations that this visit used. runtime: whether a
// model that needs it is ready.
export async function keepForOffline({ descriptions, runtime }) {
  const wanted = descriptions.length + (runtime ? 1 : 0);
  if (!supported || kept >= wanted) return;
  kept = wanted;
  const registration = await navigator.serviceWorker.ready;
  registration.active?.postMessage({ type: 'keep', descriptions, runtime });
}
