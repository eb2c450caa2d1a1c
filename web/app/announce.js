// What a screen reader is told of work that goes on: its beginning, its end with the result, and nothing between. The page's
// own lines change at every run; read aloud, each of them would interrupt the last.
import { setText } from './mirror.js';

const phases = new Map();

// Says `text` when `what` ("comparison", "set") comes into another phase than it was last told to be in.
export function announce(what, phase, text) {
  if (phases.get(what) === phase) return;
  phases.set(what, phase);
  if (text) setText(document.getElementById('said'), text);
}
