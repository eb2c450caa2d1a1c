// Counts what the test runners say, case by case: { passed, failed, skipped: ["name: reason", ...], failures: [text, ...] };
// the texts say what failed and how, as far as the runner told.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

const attribute = (tag, name) => tag.match(new RegExp(`\\b${name}="([^"]*)"`))?.[1];
const unescape = (text) =>
  text.replace(/&#x([0-9A-Fa-f]+);/g, (_, hex) => String.fromCodePoint(parseInt(hex, 16)))
    .replace(/&lt;/g, '<').replace(/&gt;/g, '>').replace(/&quot;/g, '"').replace(/&apos;/g, "'").replace(/&amp;/g, '&');

// One GoogleTest XML file.
export function countGoogleTest(xml) {
  const counts = { passed: 0, failed: 0, skipped: [], failures: [] };
  for (const [block, tag] of xml.matchAll(/(<testcase\b[^>]*?)(?:\/>|>[\s\S]*?<\/testcase>)/g)) {
    const name = `${attribute(tag, 'classname')}.${attribute(tag, 'name')}`;
    if (/<failure\b/.test(block)) {
      counts.failed += 1;
      const messages = [...block.matchAll(/<failure\b[^>]*\bmessage="([^"]*)"/g)].map(([, message]) => unescape(message));
      counts.failures.push([name, ...messages].join('\n'));
    } else if (attribute(tag, 'result') === 'skipped' || attribute(tag, 'status') === 'notrun') {
      const message = block.match(/<skipped\b[^>]*\bmessage="([^"]*)"/)?.[1] ?? 'disabled';
      // GoogleTest puts file and line on the first line of its message.
      counts.skipped.push(`${name}: ${unescape(message).split('\n').filter((line) => line.trim()).pop().trim()}`);
    } else {
      counts.passed += 1;
    }
  }
  return counts;
}

// A CTest run from its JUnit file. A test that left a GoogleTest file in `casesFolder` counts by its cases, any other
// as one; a test that failed without a failed case (it crashed, or a sanitizer ended it) counts as one failure.
export function countCTest(junitXml, casesFolder) {
  const total = { passed: 0, failed: 0, skipped: [], failures: [] };
  for (const [, tag] of junitXml.matchAll(/(<testcase\b[^>]*)>/g)) {
    const name = attribute(tag, 'name');
    const status = attribute(tag, 'status');
    const casesFile = path.join(casesFolder, `${name}.xml`);
    const cases = existsSync(casesFile) ? countGoogleTest(readFileSync(casesFile, 'utf8')) : null;
    if (status === 'run') {
      add(total, cases ?? { passed: 1, failed: 0, skipped: [], failures: [] });
    } else if (status === 'fail') {
      if (cases) add(total, cases);
      if (!cases || cases.failed === 0) {
        total.failed += 1;
        total.failures.push(`${name} failed${cases ? ' without a failed case' : ''}; its output is above`);
      }
    } else {
      total.skipped.push(`${name}: ${status}`);
    }
  }
  return total;
}

// The closing lines of `node --test` with the spec reporter, its skipped tests with their reasons, and its closing account
// of what failed. null if the closing lines are missing: the run did not get to its end.
export function countNodeTest(output) {
  const closing = (name) => {
    const found = [...output.matchAll(new RegExp(`^ℹ ${name} (\\d+)$`, 'gm'))].pop();
    return found ? Number(found[1]) : null;
  };
  const passed = closing('pass');
  if (passed === null) return null;
  const skipped = [...output.matchAll(/^\s*﹣ (.*?) \([\d.]+ms\) # (.*)$/gm)].map(([, name, why]) => `${name}: ${why}`);
  // todo counts as failed: this project leaves nothing to do in a test.
  const failed = closing('fail') + closing('cancelled') + closing('todo');
  const account = output.split(/^✖ failing tests:$/m)[1]?.trim();
  return { passed, failed, skipped: [...new Set(skipped)], failures: account ? [account] : [] };
}

export function add(total, counts) {
  total.passed += counts.passed;
  total.failed += counts.failed;
  total.skipped.push(...counts.skipped);
  total.failures.push(...counts.failures);
}

export function testFilesUnder(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .flatMap((entry) => {
      const file = path.join(folder, entry.name);
      return entry.isDirectory() ? testFilesUnder(file) : entry.name.endsWith('.test.mjs') ? [file] : [];
    })
    .sort();
}
