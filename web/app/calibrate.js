// Five seconds that tell what this device can do: the steps of its clock, and how fast the core's fixed kernel runs. In the
// worker, so that the page stays smooth. `core`: from core.js.

const clockMs = 500;
const kernelMs = 4500;
const sliceMs = 150;
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

// Returns { clock_step_ms, mflops: [one a slice] }.
export async function calibrate(core) {
  const step = clockStep();
  await pause();
  // Rounds until a slice is long enough for this clock; it also warms up the code.
  let rounds = 1 << 16;
  for (;;) {
    const start = performance.now();
    core.calibrate(rounds);
    const took = performance.now() - start;
    if (took >= Math.max(sliceMs, 50 * step) || rounds >= 2 ** 31) break;
    rounds = Math.min(2 ** 31, Math.max(2 * rounds, took > 0 ? Math.ceil((1.1 * rounds * sliceMs) / took) : 8 * rounds));
  }
  const mflops = [];
  for (const begin = performance.now(); performance.now() - begin < kernelMs || mflops.length < leastSlices; ) {
    const start = performance.now();
    const operations = core.calibrate(rounds);
    mflops.push(operations / (performance.now() - start) / 1e3);
    await pause();
  }
  return { clock_step_ms: step, mflops };
}
