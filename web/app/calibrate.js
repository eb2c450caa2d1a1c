// Five seconds that tell what this device can do: the steps of its clock, and how fast the core's fixed kernel runs. In the
// worker, so that the page stays smooth. `core`: from core.js.

const clockMs = 500;
const kernelMs = 4500;
const sliceMs = 150;
const stepsPerSlice = 50; // of the clock
const leastSlices = 5; // however slow the device

const pause = () => new Promise((resolve) => setTimeout(resolve)); // lets other messages in

// The smallest step that performance.now() is seen to make, in milliseconds.
export function clockStep(milliseconds = clockMs) {
  let least = Infinity;
  const begin = performance.now();
  for (let last = begin; last - begin < milliseconds || least === Infinity; ) {
    const now = performance.now();
    if (now > last) least = Math.min(least, now - last);
    last = now;
  }
  return least;
}

// How many turns of some work take at least `goalMs`, at most `most`: `work(turns)` does so many. It also warms up the code.
//
// The goal counts as reached when it is seen twice in a row: a thread that was kept waiting once, by whatever else the
// device does, makes eight turns of a microsecond look like a batch, and every time taken of such a batch would be the
// clock's step or the next wait.
export function turnsThatTake(goalMs, work, { first = 1, most }) {
  const taken = (turns) => {
    const start = performance.now();
    work(turns);
    return performance.now() - start;
  };
  for (let turns = first; ; ) {
    let milliseconds = taken(turns);
    if (milliseconds >= goalMs) milliseconds = Math.min(milliseconds, taken(turns));
    if (milliseconds >= goalMs || turns >= most) return turns;
    // Towards the goal by the time seen, but no more than eightfold on the word of a coarse clock.
    const wanted = milliseconds > 0 ? (1.1 * turns * goalMs) / milliseconds : Infinity;
    turns = Math.min(most, Math.max(turns + 1, Math.min(8 * turns, Math.ceil(wanted))));
  }
}

// Returns { clock_step_ms, mflops: [one a slice] }.
export async function calibrate(core) {
  const step = clockStep();
  await pause();
  const goalMs = Math.max(sliceMs, stepsPerSlice * step);
  const rounds = turnsThatTake(goalMs, (count) => core.calibrate(count), { first: 1 << 16, most: 2 ** 31 });
  const mflops = [];
  for (const begin = performance.now(); performance.now() - begin < kernelMs || mflops.length < leastSlices; ) {
    const start = performance.now();
    const operations = core.calibrate(rounds);
    mflops.push(operations / (performance.now() - start) / 1e3);
    await pause();
  }
  return { clock_step_ms: step, mflops };
}
