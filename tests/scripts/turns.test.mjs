// How many turns the page puts into a timed batch (web/app/calibrate.js), on a made-up clock.
import assert from 'node:assert/strict';
import test from 'node:test';

import { turnsThatTake } from '../../web/app/calibrate.js';

// The turns that a batch of 10 ms gets if one takes `turnMs`, the clock moves in steps of `stepMs`, and call number `waits`
// is kept waiting for 30 ms; and the number of calls.
function fit(t, { turnMs, stepMs = 0.1, waits = -1, most = 1_000_000, first }) {
  let elapsedMs = 0;
  let calls = 0;
  t.mock.method(performance, 'now', () => Math.floor(elapsedMs / stepMs) * stepMs);
  const work = (turns) => (elapsedMs += turns * turnMs + (calls++ === waits ? 30 : 0));
  return { turns: turnsThatTake(10, work, { first, most }), calls };
}

test('a batch lasts as long as it should, whatever a turn takes', (t) => {
  for (const turnMs of [0.0003, 0.002, 0.07, 1, 9]) {
    const { turns, calls } = fit(t, { turnMs });
    assert.ok(turns * turnMs >= 9.9 && turns * turnMs <= 20, `${turns} of ${turnMs} ms`);
    assert.ok(calls < 12, `${calls} calls for ${turnMs} ms`);
  }
  assert.equal(fit(t, { turnMs: 40 }).turns, 1);
});

test('being kept waiting once makes no batch of a few turns', (t) => {
  for (let waits = 0; waits < 8; ++waits) {
    const { turns } = fit(t, { turnMs: 0.002, waits });
    assert.ok(turns >= 4_950, `${turns} turns, waiting in call ${waits}`);
  }
});

test('it begins and ends where it is told to', (t) => {
  assert.equal(fit(t, { turnMs: 0, most: 5_000 }).turns, 5_000);
  assert.equal(fit(t, { turnMs: 0.02, first: 1_024 }).turns, 1_024);
});
