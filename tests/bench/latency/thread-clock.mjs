// The CPU time of the browser's one worker thread, from Linux: what a run takes on a core of its own, also while others
// want the core. With one WebAssembly thread that is the run's wall time on a machine at rest.
import { readdirSync, readFileSync } from 'node:fs';

const parentOf = (pid) => Number(readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /s, '').split(' ')[1]);

function isBelow(pid, ancestor) {
  for (let p = pid; p > 1; p = parentOf(p)) if (p === ancestor) return true;
  return false;
}

// [{ pid, tid, name, cpuMs }] of all processes below `ancestor`, and of it.
export function threadsBelow(ancestor) {
  const threads = [];
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(Number)) {
    try {
      if (!isBelow(pid, ancestor)) continue;
      for (const tid of readdirSync(`/proc/${pid}/task`)) {
        const folder = `/proc/${pid}/task/${tid}`;
        const cpuMs = Number(readFileSync(`${folder}/schedstat`, 'utf8').split(' ')[0]) / 1e6;
        threads.push({ pid, tid, name: readFileSync(`${folder}/comm`, 'utf8').trim(), cpuMs });
      }
    } catch {
      continue; // ended meanwhile
    }
  }
  return threads;
}

// A function that gives milliseconds of CPU time so far. Looks among the descendants of this process.
export function workerThreadClock() {
  const threads = threadsBelow(process.pid).filter(({ name }) => name.startsWith('DedicatedWorker'));
  if (threads.length !== 1) {
    throw new Error(`/proc shows ${threads.length} worker threads below this process, expected 1; use --clock wall`);
  }
  const file = `/proc/${threads[0].pid}/task/${threads[0].tid}/schedstat`;
  return () => Number(readFileSync(file, 'utf8').split(' ')[0]) / 1e6;
}
