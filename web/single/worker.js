// The worker's scripts as one, for the single-file build.
import './inside-worker.js';
import '../app/runtime-worker.js';
