// The page inside another one: tells its host what happens and takes settings from it, by postMessage. The host's side is
// web/embed/coppice-compare.js; a plain <iframe> works too.
//
// Messages to the host, each { source: 'coppice-compare', type, ... }:
//   ready    { models: [ids] }                     the page can be used
//   resize   { height }                            of the content, CSS pixels
//   result   { agreement, headline, models: [{ id, label, probability, median_ms, median_interval_ms, energy_joules,
//              carbon_grams_co2e, runtime, problem }] }     a comparison has ended
//   error    { message }
// Messages from the host, { target: 'coppice-compare', ... }:
//   set      { text, models, grid, device, repeats, theme }   any of them
//   compare, stop
//
// A result tells something of what the visitor wrote, so it goes to a host only that is named in the fragment (origin=),
// or that the browser itself names.
const source = 'coppice-compare';

function hostOrigin(named) {
  const seen = window.location.ancestorOrigins?.[0];
  if (seen) return seen;
  try {
    return named ? new URL(named).origin : null;
  } catch {
    return null;
  }
}

export class Host {
  #origin;
  #height = 0;
  #finished = 0;

  // link: of permalink.js. on: { set(members), compare(), stop() }.
  constructor(link, on) {
    this.#origin = hostOrigin(link.origin);
    if (window.parent === window) return;
    window.addEventListener('message', ({ data, source: from }) => {
      if (from !== window.parent || data?.target !== source) return;
      if (data.type === 'set') on.set(data);
      else if (data.type === 'compare') on.compare();
      else if (data.type === 'stop') on.stop();
    });
    const tellHeight = () => {
      const height = Math.ceil(document.body.getBoundingClientRect().height);
      if (height === this.#height) return;
      this.#height = height;
      this.#post({ type: 'resize', height }, '*');
    };
    new ResizeObserver(tellHeight).observe(document.body);
  }

  #post(message, target = this.#origin) {
    if (window.parent === window || !target || target === 'null') return;
    window.parent.postMessage({ source, ...message }, target);
  }

  ready(view) {
    this.#post({ type: 'ready', models: view.models.map(({ id }) => id) });
  }

  error(message) {
    this.#post({ type: 'error', message });
  }

  // Tells a comparison that has ended, once.
  show(view) {
    if (view.comparisons_finished === this.#finished) return;
    this.#finished = view.comparisons_finished;
    const models = view.models
      .filter(({ selected }) => selected)
      .map(({ id, label, probability, median_ms, median_interval_ms, energy_joules, carbon_grams_co2e, problem, text }) => ({
        id, label, probability, median_ms, median_interval_ms, energy_joules, carbon_grams_co2e, problem, runtime: text.runtime,
      }));
    this.#post({ type: 'result', agreement: view.agreement, headline: view.headline, models });
  }
}
