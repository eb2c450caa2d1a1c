// What a comparison does on the main thread and between runs, from the browser's trace and from the worker's messages.
import { median } from '../latency/table.mjs';

// Runs `work` under a trace. Returns what tasksOf() does.
export async function longestTasks({ page, context }, work) {
  const session = await context.newCDPSession(page);
  const events = [];
  session.on('Tracing.dataCollected', ({ value }) => events.push(...value));
  const ended = new Promise((resolve) => session.once('Tracing.tracingComplete', resolve));
  await session.send('Tracing.start', { transferMode: 'ReportEvents', traceConfig: { includedCategories: ['toplevel', 'disabled-by-default-devtools.timeline', 'devtools.timeline', 'blink.user_timing', '__metadata'] } });
  await page.evaluate(() => performance.mark('coppice-here'));
  await work();
  await session.send('Tracing.end');
  await ended;
  await session.detach();
  return tasksOf(events);
}

// The main thread's longest task in ms, and how many were longer than 50, by both clocks. The thread that the mark was made
// on is the page's main one.
export function tasksOf(events) {
  const here = events.find(({ name }) => name === 'coppice-here');
  if (!here) throw new Error('the trace has no mark of the page');
  const tasks = events.filter(({ name, pid, tid, ph }) => ph === 'X' && pid === here.pid && tid === here.tid && /RunTask$/.test(name));
  if (tasks.length === 0) throw new Error('the trace has no tasks of the main thread');
  // tdur: CPU time of the thread, which the browser leaves out of a task now and then.
  const cpu = tasks.filter(({ tdur }) => tdur !== undefined).map(({ tdur }) => tdur / 1000);
  if (cpu.length < 0.9 * tasks.length) throw new Error(`the trace has CPU times of ${cpu.length} of ${tasks.length} tasks`);
  const wall = tasks.map(({ dur }) => dur / 1000);
  const over = (list) => list.filter((each) => each > 50).length;
  return { cpu: Math.max(...cpu), wall: Math.max(...wall), cpu_over_50_ms: over(cpu), wall_over_50_ms: over(wall), tasks: tasks.length };
}

export const runGaps = {
  // In the page, before its scripts: when each run was asked for and answered.
  record: () => {
    window.workerLog = [];
    const Real = window.Worker;
    window.Worker = class extends Real {
      constructor(...options) {
        super(...options);
        this.addEventListener('message', ({ data }) => data.type === 'run_done' && window.workerLog.push({ at: performance.now(), ms: data.milliseconds }));
      }
    };
  },
  // log: of record(). The last `runs` of it follow one another: the share by which an answer came later than the run took.
  of(log, runs) {
    const timed = log.slice(-runs);
    const shares = timed.slice(1).map(({ at, ms }, i) => (at - timed[i].at - ms) / ms);
    return { share: median(shares), run_ms: median(timed.map(({ ms }) => ms)) };
  },
};
