// How `npm test` counts: on lines that the runners really print (GoogleTest 1.12, CTest 3.25, Node 20).
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';

import { packagesFor } from '../../scripts/system-packages.mjs';
import { countCTest, countGoogleTest, countNodeTest } from '../../scripts/test-results.mjs';

const cases = `<testsuites tests="4" failures="1" disabled="1" errors="0" name="AllTests">
  <testsuite name="A" tests="4" failures="1" disabled="1" skipped="1" errors="0">
    <testcase name="Passes" line="2" status="run" result="completed" time="0" classname="A" />
    <testcase name="Skips" line="3" status="run" result="skipped" time="0" classname="A">
      <skipped message="a.cpp:3&#x0A;no &lt;archive&gt; at ../shared"><![CDATA[a.cpp:3
no <archive> at ../shared]]></skipped>
    </testcase>
    <testcase name="Fails" line="4" status="run" result="completed" time="0" classname="A">
      <failure message="a.cpp:4&#x0A;Expected equality" type=""><![CDATA[a.cpp:4]]></failure>
    </testcase>
    <testcase name="DISABLED_Off" line="5" status="notrun" result="suppressed" time="0" classname="A" />
  </testsuite>
</testsuites>`;

const ctest = (entries) => `<testsuite name="(empty)" tests="${entries.length}">${entries
  .map(([name, status]) => `<testcase name="${name}" classname="${name}" time="0.1" status="${status}"><system-out>x &gt; y</system-out></testcase>`)
  .join('')}</testsuite>`;

function withCases(files, work) {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'coppice-results-'));
  for (const [name, text] of Object.entries(files)) writeFileSync(path.join(folder, name), text);
  try {
    return work(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('a GoogleTest file counts by case, skipped ones with their reason', () => {
  const counts = countGoogleTest(cases);
  assert.deepEqual(counts, {
    passed: 1,
    failed: 1,
    skipped: ['A.Skips: no <archive> at ../shared', 'A.DISABLED_Off: disabled'],
    failures: ['A.Fails\na.cpp:4\nExpected equality'],
  });
});

test('a CTest run counts cases where there are any, and whole tests elsewhere', () => {
  const counts = withCases({ 'a_test.xml': cases }, (folder) =>
    countCTest(ctest([['a_test', 'fail'], ['script', 'run'], ['other', 'notrun']]), folder),
  );
  assert.equal(counts.passed, 2);
  assert.equal(counts.failed, 1);
  assert.equal(counts.skipped.length, 3);
});

test('a test program that crashes is a failure, with or without a file of passed cases', () => {
  const passing = cases.replace(/<failure[\s\S]*?<\/failure>/, '');
  withCases({ 'sanitizer_test.xml': passing }, (folder) => {
    for (const [name, told] of [
      ['sanitizer_test', 'sanitizer_test failed without a failed case; its output is above'],
      ['crash_test', 'crash_test failed; its output is above'],
    ]) {
      const counts = countCTest(ctest([[name, 'fail']]), folder);
      assert.equal(counts.failed, 1);
      assert.deepEqual(counts.failures, [told]);
    }
  });
});

test("node's closing lines, reasons of skipped tests, and what failed", () => {
  const output = [
    '✔ ok (0.9ms)', '﹣ skips (0.1ms) # no Chromium here', '▶ group', '  ﹣ inner (0.17ms) # why (so)', '  ✖ bad (0.2ms)',
    '✖ group (0.7ms)', 'ℹ tests 5', 'ℹ suites 1', 'ℹ pass 2', 'ℹ fail 1', 'ℹ cancelled 1', 'ℹ skipped 2', 'ℹ todo 0',
    'ℹ duration_ms 112.9', '', '✖ failing tests:', '', 'test at a.test.mjs:3:1', '✖ bad (0.2ms)', '  Error: 1 !== 2', '',
  ].join('\n');
  assert.deepEqual(countNodeTest(output), {
    passed: 2,
    failed: 2,
    skipped: ['skips: no Chromium here', 'inner: why (so)'],
    failures: ['test at a.test.mjs:3:1\n✖ bad (0.2ms)\n  Error: 1 !== 2'],
  });
});

test('node output cut short has no counts', () => assert.equal(countNodeTest('✔ ok (0.9ms)\n'), null));

test('each system package has one entry and a reason, and start is a part of test', () => {
  const all = packagesFor('test');
  assert.equal(new Set(all.map((p) => p.name)).size, all.length);
  for (const { name, why } of all) assert.ok(why.length > 10, name);
  const names = all.map((p) => p.name);
  assert.ok(packagesFor('start').length < all.length);
  for (const { name } of packagesFor('start')) assert.ok(names.includes(name));
});
