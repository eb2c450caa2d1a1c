// The canvas that the core draws on: size, pointer, theme, and a few frames after each event. Nothing runs between
// events, so an idle page costs nothing, and what changes many times a second while models load and run is drawn at a
// pace that leaves them the processor.

import { describeDrawing } from './describe.js';

// ImGui learns of a new pointer in one frame and of what it is over in the next; columns fit their content a frame later.
const framesPerEvent = 3;
const framesPerChange = 2;
const updateEveryMs = 80;
const settledAfterMs = 120;
// Where drawing is slow (by software, on a machine with few cores), it takes a fifth of the time, as long as what is shown
// is not older than a visitor would take for stuck.
const restPerFrame = 4;
const mostRestMs = 400;

export class Canvas {
  #canvas;
  #drawing;
  #tabs;
  #frames = 0;
  #scheduled = false;
  #last = 0;
  #updated = 0;
  #frameMs = 0; // what the last frame took, with the browser's part in it
  #size = ''; // of the drawing
  #updating;
  #settling;
  #dark = false;
  #chart = 'time';
  #which = 'review';
  #refused = false;
  #shown = { view: null, set: null, which: 'review', chart: '' };

  // tabs: an element that lies over the top of the chart's card. Draws nothing before start().
  constructor(canvas, tabs) {
    this.#canvas = canvas;
    this.#tabs = tabs;
  }

  // drawing: core.createDrawing(canvas, ...).
  start(drawing) {
    this.#drawing = drawing;
    this.#drawing.setDark(this.#dark);
    this.#drawing.setChart(this.#chart);
    this.#drawing.setView(this.#which);
    this.#listen();
    this.#resize();
  }

  // Instead of start(), where this browser cannot draw.
  refuse() {
    this.#refused = true;
  }

  get refused() {
    return this.#refused;
  }

  setDark(dark) {
    this.#dark = dark;
    this.#drawing?.setDark(dark);
    this.redraw();
  }

  setChart(chart) {
    this.#chart = chart;
    this.#drawing?.setChart(chart);
    this.describe({ chart });
    this.redraw();
  }

  // which: 'review' or 'set'.
  setView(which) {
    this.#which = which;
    this.#drawing?.setView(which);
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
    if (!this.#drawing) return;
    window.clearTimeout(this.#settling);
    const rest = Math.min(mostRestMs, restPerFrame * this.#frameMs);
    this.#settling = window.setTimeout(() => this.redraw(framesPerChange), Math.max(settledAfterMs, rest));
    this.#updating ??= window.setTimeout(
      () => {
        this.#updating = undefined;
        this.#updated = performance.now();
        this.redraw(1);
      },
      this.#updated + Math.max(updateEveryMs, rest) - performance.now(),
    );
  }

  redraw(frames = framesPerEvent) {
    if (!this.#drawing) return;
    this.#frames = Math.max(this.#frames, frames);
    if (this.#scheduled) return;
    this.#scheduled = true;
    requestAnimationFrame((now) => this.#frame(now));
  }

  #frame(now) {
    this.#scheduled = false;
    const begun = performance.now();
    // A timer's turn comes when the browser has put the frame together, which takes longer than drawing it here.
    window.setTimeout(() => (this.#frameMs = performance.now() - begun));
    const seconds = Math.min(0.1, (now - this.#last) / 1000);
    this.#last = now;
    const { wantedHeight } = this.#drawing.draw(seconds);
    // A canvas that changes its size is blank until it is drawn on.
    if (this.#fit(wantedHeight)) this.#drawing.draw(0);
    const { top, height } = this.#drawing.chartPlace();
    if (height > 0) this.#tabs.style.top = `${this.#canvas.offsetTop + top}px`;
    this.#frames -= 1;
    if (this.#frames > 0) {
      this.#scheduled = true;
      requestAnimationFrame((next) => this.#frame(next));
    }
  }

  // The page scrolls, not the canvas: it is always as tall as its content. Returns whether that made it another size.
  #fit(wantedHeight) {
    const height = Math.max(1, Math.ceil(wantedHeight));
    if (height === this.#canvas.clientHeight) return false;
    this.#canvas.style.height = `${height}px`;
    return this.#measure();
  }

  #resize() {
    if (this.#measure()) this.redraw(framesPerChange);
  }

  // Takes the size that the page gives the canvas. Returns whether it is another one.
  #measure() {
    const width = Math.max(1, this.#canvas.clientWidth);
    const height = Math.max(1, this.#canvas.clientHeight);
    const ratio = Math.min(4, window.devicePixelRatio || 1);
    const size = [width, height, ratio].join();
    if (size === this.#size) return false;
    this.#size = size;
    const [bufferWidth, bufferHeight] = [Math.round(width * ratio), Math.round(height * ratio)];
    if (this.#canvas.width !== bufferWidth || this.#canvas.height !== bufferHeight) {
      this.#canvas.width = bufferWidth;
      this.#canvas.height = bufferHeight;
    }
    this.#drawing.resize(width, height, ratio);
    return true;
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
