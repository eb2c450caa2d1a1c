// The service worker's page side: registers it, tells the visitor of a new version, has it keep what a model needs once
// one has been loaded (its description, and of a transformer the runtime: 14 MB that a visitor who never runs one should
// not pay for), and knows whether all of that is there: only then does the page say that it works without a network.
import { single } from './places.js';

const supported = !single && 'serviceWorker' in navigator;
const updateEveryMs = 60 * 60 * 1000;

// notice: hidden until there is something to say, which goes into `text`; button: loads the new version. calm: a promise:
// the service worker's first work is to fetch and hash the whole page, which a first verdict should not wait for.
export async function announceUpdates({ notice, text, button, calm }) {
  if (!supported) return;
  const { serviceWorker } = navigator;
  let controlled = serviceWorker.controller !== null;
  let asked = false;
  const say = (what) => {
    text.textContent = what;
    notice.hidden = false;
  };
  serviceWorker.addEventListener('controllerchange', () => {
    if (asked) return void window.location.reload();
    // Another tab has loaded the new version. What this tab still has to fetch would be of that one.
    if (controlled) say('A newer version of this page was loaded in another tab. Load it here too before you go on.');
    controlled = true;
  });
  await calm;
  let registration;
  try {
    registration = await serviceWorker.register(new URL('../sw.js', import.meta.url));
  } catch (error) {
    console.info(`no offline use: ${error.message}`);
    return;
  }
  const offer = () => {
    // Without a controller this is the first visit, and there is nothing to replace.
    if (registration.waiting && serviceWorker.controller) say('A newer version of this page is ready.');
  };
  offer();
  registration.addEventListener('updatefound', () => registration.installing.addEventListener('statechange', offer));
  button.addEventListener('click', () => {
    asked = true;
    if (registration.waiting) registration.waiting.postMessage({ type: 'activate' });
    else window.location.reload();
  });
  // A tab that stays open for days would never ask otherwise.
  let last = Date.now();
  document.addEventListener('visibilitychange', () => {
    if (document.hidden || Date.now() - last < updateEveryMs) return;
    last = Date.now();
    registration.update().catch(() => {}); // no network: the next time
  });
}

// Keeps for offline use and says how far it is: 'unsupported', 'later' (no model has been loaded yet), 'keeping',
// 'ready' or 'failed', with the problem in that case.
export class Offline {
  #changed;
  #asked = '';

  constructor(changed) {
    this.#changed = changed;
    changed(supported ? 'later' : 'unsupported');
  }

  // descriptions: URLs of the catalog, manifests, vocabularies and configurations that this visit used. runtimes: those
  // that the models that are ready run in: 'wasm', 'webgpu'. modelsKept: how many models are on the device.
  async keep({ descriptions, runtimes, modelsKept }) {
    if (!supported || modelsKept === 0) return;
    const wanted = JSON.stringify([descriptions, runtimes]);
    if (wanted === this.#asked) return;
    this.#asked = wanted;
    this.#changed('keeping');
    const { active } = await navigator.serviceWorker.ready;
    const { port1: answer, port2: port } = new MessageChannel();
    answer.onmessage = ({ data }) => {
      if (wanted !== this.#asked) return; // more was asked for since
      if (!data.kept) this.#asked = ''; // the next change of the page tries again
      this.#changed(data.kept ? 'ready' : 'failed', data.problem);
    };
    active.postMessage({ type: 'keep', descriptions, runtimes }, [port]);
  }

  // After the visitor has removed what was kept.
  forget() {
    this.#asked = '';
    this.#changed(supported ? 'later' : 'unsupported');
  }
}
