// Makes docs/report and docs/images/report.png anew: node tests/report/publish.mjs
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { chromium } from 'playwright-core';

import { ownRecords } from './own-records.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const coppice = path.resolve(root, process.env.COPPICE_BUILD ?? 'build/release', 'coppice');
const page = 'docs/report/index.html';
const answer = JSON.parse(execFileSync(coppice, [...ownRecords.command, '--output', page, '--pdf', 'docs/report/report.pdf', '--json'], { cwd: root, encoding: 'utf8', maxBuffer: 1 << 28 }));

// The main findings between their marks, in the report's README and in the repository's.
const sentences = answer.main_findings.map((id) => answer.findings.find((one) => one.id === id).sentence.replaceAll('\u00a0', ' '));
for (const file of ['docs/report/README.md', 'README.md']) {
  const text = readFileSync(path.join(root, file), 'utf8');
  const list = sentences.map((sentence) => `- ${sentence}`).join('\n');
  writeFileSync(path.join(root, file), text.replace(/(<!-- main findings -->\n)[\s\S]*?(<!-- end -->)/, (_, start, end) => `${start}${list}\n${end}`));
}

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'], timeout: 240_000 });
const tab = await browser.newPage({ viewport: { width: 900, height: 900 }, deviceScaleFactor: 1.5 });
tab.setDefaultTimeout(240_000);
await tab.goto(`file://${path.join(root, page)}`);
await tab.evaluate(() => document.querySelectorAll('.csv').forEach((link) => link.remove()));
const { x, y, width, height } = await tab.locator('#pareto-energy').evaluate((figure) => {
  const { left, top, width, height } = figure.getBoundingClientRect();
  return { x: left, y: top + window.scrollY, width, height };
});
const clip = { x: x - 20, y: y - 20, width: width + 40, height: height + 40 };
await tab.screenshot({ path: path.join(root, 'docs/images/report.png'), fullPage: true, clip });
await browser.close();
console.log(`${page}: ${answer.records} records, ${answer.models} models\n${sentences.join('\n')}`);
