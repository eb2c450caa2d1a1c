// docs/report is what the records say today, and the READMEs quote it.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test, { after } from 'node:test';
import { fileURLToPath } from 'node:url';

import { ownRecords } from './own-records.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const coppice = path.resolve(root, process.env.COPPICE_BUILD ?? 'build/release', 'coppice');
const skip = existsSync(coppice) ? false : `${path.dirname(path.relative(root, coppice))} holds no coppice`;
const folder = mkdtempSync(path.join(os.tmpdir(), 'coppice-published-'));
after(() => rmSync(folder, { recursive: true }));
const read = (name) => readFileSync(path.join(root, name), 'utf8');
// Where the page was written to is among the words of its command.
const withoutOutput = (html) => html.replace(/ --output \S+( --pdf \S+)?( --json)?(?=<\/code>)/, '');

test('the published report is what the records say; else node tests/report/publish.mjs makes it anew', { skip }, () => {
  const output = path.join(folder, 'report.html');
  const answer = JSON.parse(execFileSync(coppice, [...ownRecords.command, '--output', output, '--json'], { cwd: root, encoding: 'utf8', maxBuffer: 1 << 28 }));
  const [now, published] = [readFileSync(output, 'utf8'), read('docs/report/index.html')].map(withoutOutput);
  assert.ok(now === published, 'docs/report/index.html differs from the report of today');
  for (const file of ['README.md', 'docs/report/README.md']) {
    const text = read(file).replace(/\s+/g, ' ');
    for (const id of answer.main_findings) {
      const sentence = answer.findings.find((one) => one.id === id).sentence.replace(/\s+/g, ' ');
      assert.ok(text.includes(sentence), `${file} does not quote: ${sentence}`);
    }
  }
});

test('what is published beside it is there', () => {
  assert.ok(readFileSync(path.join(root, 'docs/report/report.pdf')).subarray(0, 5).equals(Buffer.from('%PDF-')));
  assert.ok(readFileSync(path.join(root, 'docs/images/report.png')).length > 10000);
  for (const name of ['docs/data-statement.md', 'CITATION.cff', 'docs/schemas/README.md']) assert.ok(read('README.md').includes(name), name);
});
