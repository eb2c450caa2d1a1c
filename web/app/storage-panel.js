// "Kept on this device": each model file with its size and a button to remove it, what the page itself takes, and how to
// remove all of it.
import { canStore, listStored, removeStored } from './model-store.js';
import { single } from './places.js';

const megabytes = (bytes) => (bytes < 1e6 ? `${(bytes / 1e3).toFixed(0)} kB` : `${(bytes / 1e6).toFixed(1)} MB`);

const button = (text, label, work) => {
  const element = document.createElement('button');
  element.type = 'button';
  element.className = 'quiet small';
  element.textContent = text;
  element.setAttribute('aria-label', label);
  element.addEventListener('click', work);
  return element;
};

// Bytes that the browser counts for this origin, or null where it does not say.
async function usage() {
  try {
    return (await navigator.storage.estimate()).usage ?? null;
  } catch {
    return null;
  }
}

export class StoragePanel {
  #elements;
  #removed;
  #updating = Promise.resolve();
  #remark = ''; // what the visitor's last action here came to

  // elements: { summary, list, removeModels, removeAll, persist }. removed(model | null): after a file was removed, or
  // all of them.
  constructor(elements, removed) {
    this.#elements = elements;
    this.#removed = removed;
    elements.removeModels.addEventListener('click', () => this.#remove());
    elements.removeAll.addEventListener('click', () => this.#removeEverything());
    elements.persist.addEventListener('click', async () => {
      const granted = await navigator.storage.persist().catch(() => false);
      this.update(granted ? '' : 'The browser did not agree: it may remove these files when it is short of room.');
    });
  }

  // Calls follow one another, so that an older answer never replaces a newer one.
  update(remark = this.#remark) {
    this.#remark = remark;
    this.#updating = this.#updating.then(() => this.#show(remark));
    return this.#updating;
  }

  async #show(remark) {
    const { summary, list, removeModels, removeAll, persist } = this.#elements;
    const denied = !(await canStore());
    const [models, total] = denied ? [[], null] : await Promise.all([listStored(), usage()]);
    const bytes = models.reduce((sum, model) => sum + model.bytes, 0);
    const lasting = denied ? false : await navigator.storage?.persisted?.().catch(() => false);
    summary.textContent = single
      ? 'This page is one file and keeps nothing: its models are inside it.'
      : denied
        ? 'This browser keeps no files for this page, so models are downloaded at every visit.'
        : `${models.length === 0 ? 'No models' : `${models.length === 1 ? 'One model' : `${models.length} models`}, ${megabytes(bytes)}`}.` +
          (total === null ? '' : ` With the page and its runtime the browser counts ${megabytes(total)}.`) +
          (lasting ? ' The browser has promised not to remove them.' : '') +
          (remark ? ` ${remark}` : '');
    list.replaceChildren(
      ...models.map(({ hash, model, bytes: size }) => {
        const item = document.createElement('li');
        item.dataset.hash = hash;
        const what = document.createElement('span');
        what.textContent = `${model}, ${megabytes(size)} `;
        item.append(what, button('Remove', `Remove ${model}`, () => this.#remove(hash, model)));
        return item;
      }),
    );
    removeModels.hidden = models.length < 2;
    removeAll.hidden = denied;
    persist.hidden = denied || models.length === 0 || lasting || !navigator.storage?.persist;
  }

  async #remove(hash, model = null) {
    await removeStored(hash);
    this.#removed(model);
    await this.update('');
  }

  // The page's own files too: the next visit is a first one.
  async #removeEverything() {
    const scope = new URL('./', document.baseURI).href;
    const registration = await navigator.serviceWorker?.getRegistration(scope).catch(() => undefined);
    await registration?.unregister();
    const own = (await caches.keys()).filter((name) => name.startsWith('coppice-'));
    await Promise.all(own.map((name) => caches.delete(name)));
    try {
      for (const key of Object.keys(localStorage)) if (key.startsWith('coppice.')) localStorage.removeItem(key);
    } catch {
      // Storage denied: there was nothing.
    }
    this.#removed(null);
    await this.update('All that was kept is removed; the next visit downloads the page again.');
  }
}
