// The arithmetic of the page's bench (tests/bench/page/traces.mjs), on a made-up trace and made-up runs.
import assert from 'node:assert/strict';
import test from 'node:test';

import { runGaps, tasksOf } from '../bench/page/traces.mjs';

const task = (tid, dur, tdur, name = 'ThreadControllerImpl::RunTask') => ({ name, ph: 'X', pid: 7, tid, dur, tdur });
const mark = { name: 'coppice-here', ph: 'R', pid: 7, tid: 1 };

test('tasks are those of the thread with the mark, longest by either clock', () => {
  const events = [mark, task(1, 80_000, 12_000), task(1, 60_000, 55_000), task(1, 2_000, 1_000), task(2, 900_000, 900_000), task(1, 500_000, 500_000, 'Paint')];
  assert.deepEqual(tasksOf(events), { cpu: 55, wall: 80, cpu_over_50_ms: 1, wall_over_50_ms: 2, tasks: 3 });
});

test('a trace without the mark or without tasks is no answer of 0', () => {
  assert.throws(() => tasksOf([task(1, 1, 1)]), /no mark/);
  assert.throws(() => tasksOf([mark, task(2, 1, 1)]), /no tasks/);
});

test('the share that is not the run, of the last runs alone', () => {
  const log = [{ at: 0, ms: 500 }, { at: 1000, ms: 100 }, { at: 1102, ms: 100 }, { at: 1206, ms: 100 }, { at: 1316, ms: 100 }];
  const { share, run_ms: run } = runGaps.of(log, 4);
  assert.ok(Math.abs(share - 0.04) < 1e-9, `${share}`);
  assert.equal(run, 100);
});
