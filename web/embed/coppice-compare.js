// <coppice-compare>: the comparison in a page of yours.
//
//   <script type="module" src="coppice-compare.js"></script>
//   <coppice-compare models="minilm-l6-imdb linear-ngrams" text="A quiet, lovely film." theme="dark"></coppice-compare>
//
// Attributes
//   src      folder of the Coppice page, as `npm run build` makes it (default: the one that this script lies in)
//   models   ids, by spaces or commas; without it those that the catalogue preselects
//   text     the review;  grid, device, repeats, theme ("dark", "light", "auto")
//   compare  present: compares as soon as it is ready
// Events, which bubble: coppice-ready, coppice-result, coppice-error; detail as in web/app/embedded.js.
// Methods: compare(), stop().
//
// An iframe for each element, and not only a shadow root: Dear ImGui has one context for each WebAssembly module, the
// page has its own Content-Security-Policy, service worker and cross-origin isolation, and a fault in it cannot reach the
// host. The iframe is made when the element comes near the visible part of the page. Its script asks for nothing else and
// works under `script-src 'self'; frame-src 'self'; style-src 'self'`.
const source = 'coppice-compare';
const watched = ['models', 'text', 'grid', 'device', 'repeats', 'theme'];
const near = '300px';
const startHeight = 640; // until the page has told its own

const style = new CSSStyleSheet();
style.replaceSync(`
  :host { display: block; min-height: 20rem; }
  :host([hidden]) { display: none; }
  iframe { display: block; width: 100%; border: 0; color-scheme: auto; }
`);

function membersOf(element) {
  const members = {};
  for (const name of watched) if (element.hasAttribute(name)) members[name] = element.getAttribute(name);
  if (members.models !== undefined) members.models = members.models.split(/[\s,]+/).filter(Boolean);
  if (members.repeats !== undefined) members.repeats = Number(members.repeats);
  return members;
}

export class CoppiceCompare extends HTMLElement {
  static observedAttributes = [...watched, 'src'];
  #frame = null;
  #observer = null;
  #ready = false;
  #waiting = false; // compare() was called before it was ready

  constructor() {
    super();
    this.attachShadow({ mode: 'open' }).adoptedStyleSheets = [style];
  }

  connectedCallback() {
    window.addEventListener('message', this.#receive);
    this.#observer = new IntersectionObserver(
      (entries) => {
        if (!entries.some(({ isIntersecting }) => isIntersecting)) return;
        this.#observer?.disconnect();
        this.#open();
      },
      { rootMargin: near },
    );
    this.#observer.observe(this);
  }

  disconnectedCallback() {
    window.removeEventListener('message', this.#receive);
    this.#observer?.disconnect();
    this.#frame?.remove();
    this.#frame = null;
    this.#ready = false;
  }

  attributeChangedCallback(name, before, after) {
    if (before === after || !this.#frame) return;
    if (name === 'src') this.#open();
    else if (this.#ready) this.#post({ type: 'set', ...membersOf(this) });
  }

  // Compares now, or as soon as the page is there.
  compare() {
    if (this.#ready) this.#post({ type: 'compare' });
    else this.#waiting = true;
    if (!this.#frame && this.isConnected) this.#open();
  }

  stop() {
    this.#waiting = false;
    if (this.#ready) this.#post({ type: 'stop' });
  }

  #open() {
    this.#frame?.remove();
    this.#ready = false;
    const { models, ...members } = membersOf(this);
    const fragment = new URLSearchParams({ v: '1', embed: '1', origin: window.location.origin, ...members });
    if (models) fragment.set('models', models.join(','));
    const page = new URL(this.getAttribute('src') ?? new URL('./', import.meta.url), document.baseURI);
    if (!/\/$|\.html$/.test(page.pathname)) page.pathname += '/';
    page.hash = fragment;
    this.#frame = document.createElement('iframe');
    this.#frame.title = this.getAttribute('aria-label') ?? 'Coppice: compare models on your own words';
    this.#frame.referrerPolicy = 'no-referrer';
    this.#frame.allow = 'cross-origin-isolated; clipboard-write';
    this.#frame.style.height = `${startHeight}px`;
    this.#frame.src = page.href;
    this.shadowRoot.append(this.#frame);
  }

  #post(message) {
    const { origin } = new URL(this.#frame.src);
    this.#frame.contentWindow.postMessage({ target: source, ...message }, origin === 'null' ? '*' : origin);
  }

  #receive = ({ data, source: from }) => {
    if (!this.#frame || from !== this.#frame.contentWindow || data?.source !== source) return;
    if (data.type === 'resize') {
      this.#frame.style.height = `${data.height}px`;
      return;
    }
    if (data.type === 'ready') {
      this.#ready = true;
      this.#post({ type: 'set', ...membersOf(this) }); // what changed since
      if (this.#waiting || this.hasAttribute('compare')) this.#post({ type: 'compare' });
      this.#waiting = false;
    }
    if (!['ready', 'result', 'error'].includes(data.type)) return;
    const { source: _, type, ...detail } = data;
    this.dispatchEvent(new CustomEvent(`coppice-${type}`, { bubbles: true, composed: true, detail }));
  };
}

if (!customElements.get('coppice-compare')) customElements.define('coppice-compare', CoppiceCompare);
