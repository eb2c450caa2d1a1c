// The canvas that the core draws on: size, pointer, theme, and a few frames after each event. Nothing runs between
// events, so an idle page costs nothing, and what changes many times a second while models load and run is drawn at a
// pace that leaves them the processor.

import { describeDrawing } from './describe.js';

// ImGui learns of a new pointer in one frame and of what it is over in the next.
const framesPerEvent = 3;
const updateEveryMs = 80;
const settledAfterMs = 120;

export class Canvas {
  #canvas;
  #drawing;
  #tabs;
  #frames = 0;
  #scheduled = false;
  #last = 0;
  #updated = 0;
  #updating;
  #settling;
  #dark;
  #shown = { view: null, set: null, which: 'review', chart: '' };

  // drawing: core.createDrawing(canvas, ...). tabs: an element that lies over the top of the chart's card.
  constructor(canvas, drawing, tabs) {
    this.#canvas = canvas;
    this.#drawing = drawing;
    this.#tabs = tabs;
    this.#listen();
    this.#resize();
  }

  setDark(dark) {
    this.#dark = dark;
    this.#drawing.setDark(dark);
    this.redraw();
  }

  setChart(chart) {
    this.#drawing.setChart(chart);
    this.describe({ chart });
    this.redraw();
  }

  // which: 'review' or 'set'.
  setView(which) {
    this.#drawing.setView(which);
    this.describe({ which });
    this.redraw();
  }

  // What has changed of what is shown: members of describeDrawing()'s argument.
  describe(changes) {
    Object.assign(this.#shown, changes);
    const label = describeDrawing(this.#shown);
    if (label && label !== this.#canvas.ariaLabel) this.#canvas.ariaLabel = label;
  }

  // Something that is shown has changed: a frame, and the others once no more changes.
  update() {
    window.clearTimeout(this.#settling);
    this.#settling = window.setTimeout(() => this.redraw(), settledAfterMs);
    this.#updating ??= window.setTimeout(
      () => {
        this.#updating = undefined;
        this.#updated = performance.now();
        this.redraw(1);
      },
      this.#updated + updateEveryMs - performance.now(),
    );
  }

  redraw(frames = framesPerEvent) {
    this.#frames = Math.max(this.#frames, frames);
    if (this.#scheduled) return;
    this.#scheduled = true;
    requestAnimationFrame((now) => this.#frame(now));
  }

  #frame(now) {
    this.#scheduled = false;
    const seconds = Math.min(0.1, (now - this.#last) / 1000);
    this.#last = now;
    const { wantedHeight } = this.#drawing.draw(seconds);
    this.#fit(wantedHeight);
    const { top, height } = this.#drawing.chartPlace();
    if (height > 0) this.#tabs.style.top = `${this.#canvas.offsetTop + top}px`;
    this.#frames -= 1;
    if (this.#frames > 0) {
      this.#scheduled = true;
      requestAnimationFrame((next) => this.#frame(next));
    }
  }

  // The page scrolls, not the canvas: it is always as tall as its content.
  #fit(wantedHeight) {
    const height = Math.max(1, Math.ceil(wantedHeight));
    if (height === this.#canvas.clientHeight) return;
    this.#canvas.style.height = `${height}px`;
    this.#resize();
    this.#frames = Math.max(this.#frames, 2);
  }

  #resize() {
    const width = Math.max(1, this.#canvas.clientWidth);
    const height = Math.max(1, this.#canvas.clientHeight);
    const ratio = Math.min(4, window.devicePixelRatio || 1);
    const [bufferWidth, bufferHeight] = [Math.round(width * ratio), Math.round(height * ratio)];
    if (this.#canvas.width !== bufferWidth || this.#canvas.height !== bufferHeight) {
      this.#canvas.width = bufferWidth;
      this.#canvas.height = bufferHeight;
    }
    this.#drawing.resize(width, height, ratio);
    this.redraw();
  }

  #listen() {
    const canvas = this.#canvas;
    new ResizeObserver(() => this.#resize()).observe(canvas);
    // Zooming and moving to another screen change the ratio, mostly without changing the size in CSS pixels.
    window.addEventListener('resize', () => this.#resize());
    const pointer = (event, down) => {
      const box = canvas.getBoundingClientRect();
      this.#drawing.pointer(event.clientX - box.left, event.clientY - box.top, down);
      this.redraw();
    };
    canvas.addEventListener('pointermove', (event) => pointer(event, event.buttons === 1));
    canvas.addEventListener('pointerdown', (event) => pointer(event, true));
    canvas.addEventListener('pointerup', (event) => pointer(event, false));
    for (const name of ['pointerleave', 'pointercancel']) {
      canvas.addEventListener(name, (event) => {
        // A finger that is lifted leaves at once; what it tapped should stay to be read.
        if (name === 'pointerleave' && event.pointerType === 'touch') return;
        this.#drawing.pointerLeave();
        this.redraw();
      });
    }
    canvas.addEventListener('webglcontextlost', (event) => event.preventDefault());
    canvas.addEventListener('webglcontextrestored', () => {
      this.#drawing.contextRestored();
      this.redraw();
    });
  }
}
