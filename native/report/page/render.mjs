// node render.mjs DATA.json PAGE.html SUMMARY.json: draws the report from what `coppice report` collected. One file comes
// out: styles, letters, charts and data are in it, and its policy forbids every request.
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { appendix, keyFigures, whatMoved } from './appendix.mjs';
import { baselineSection } from './baseline.mjs';
import { Charts } from './chart.mjs';
import { cloudSection } from './cloud.mjs';
import { Context } from './context.mjs';
import { findFindings, findingsSection, mainFindings } from './findings.mjs';
import { html, plain, raw, verbatim } from './html.mjs';
import { inferenceSection } from './inference.mjs';
import { counted } from './number.mjs';
import { pictureSection } from './picture.mjs';
import { pruningSection } from './pruning.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
const knownVersion = 1;

function fontFaces() {
  const fonts = path.dirname(createRequire(import.meta.url).resolve('@fontsource/source-sans-3/package.json'));
  return [400, 600]
    .map((weight) => {
      const bytes = readFileSync(path.join(fonts, `files/source-sans-3-latin-${weight}-normal.woff2`));
      return `@font-face{font-family:'Source Sans 3';font-weight:${weight};font-display:swap;src:url(data:font/woff2;base64,${bytes.toString('base64')}) format('woff2')}`;
    })
    .join('\n');
}

const sections = [
  ['baseline', 'Baseline'],
  ['pruning', 'Pruning'],
  ['inference', 'Inference here'],
  ['cloud', 'Cloud'],
  ['picture', 'The whole picture'],
  ['findings', 'Findings'],
  ['records', 'Records'],
];

export async function renderReport(data) {
  if (data.schema_version !== knownVersion) throw new Error(`the collected data is of version ${data.schema_version}; this renderer draws version ${knownVersion}`);
  const context = new Context(data);
  const charts = new Charts();
  const findings = findFindings(context);
  const figures = keyFigures(context);
  const moved = data.since ? whatMoved(data.since, figures) : null;
  const body = [await baselineSection(context, charts), await pruningSection(context, charts), await inferenceSection(context, charts), await cloudSection(context, charts), await pictureSection(context, charts), findingsSection(findings), appendix(context, moved)];
  const main = mainFindings(findings);
  const dates = context.records.map((one) => one.document.started_at.slice(0, 10)).sort();
  const style = `${fontFaces()}\n${readFileSync(path.join(here, 'style.css'), 'utf8')}`;
  const policy = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'; font-src data:; base-uri 'none'; form-action 'none'`;
  const title = context.baseline ? `Life cycle of ${context.baseline.model}` : 'Life cycle report';
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${raw(policy)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta name="generator" content="coppice report ${data.program_version}">
<title>${title}: report</title>
<style>${raw(style)}</style>
</head>
<body>
<a class="skip" href="#main">To the report</a>
<header>
<p class="brand">Coppice · life cycle report</p>
<h1>${context.baseline ? html`The life cycle of ${verbatim(context.baseline.model)}` : 'A life cycle, told from its records'}</h1>
<p class="lead">Told from ${counted(context.records.length, 'records')} run records and ${counted(context.manifests.length, 'models')} models${dates.length ? html`, from ${verbatim(dates[0])} to ${verbatim(dates.at(-1))}` : ''}. Every number is a link to the file that it came from.</p>
<nav aria-label="Sections"><ul>${sections.map(([id, name]) => html`<li><a href="#${id}">${name}</a></li>`)}</ul></nav>
</header>
<main id="main">
${main.length ? html`<section class="glance" aria-label="Main findings"><ul>${main.map((one) => html`<li>${one.sentence} <a class="more" href="#finding-${one.id}">details</a></li>`)}</ul></section>` : ''}
${body}
</main>
<footer><p>Made by ${verbatim('coppice report')} from run records alone. No request leaves this page.</p></footer>
<script type="application/json" id="figures">${raw(JSON.stringify(figures).replace(/</g, '\\u003c'))}</script>
</body>
</html>
`;
  const summary = {
    charts: charts.drawn,
    findings: findings.map((one) => ({ id: one.id, verdict: one.verdict, sentence: plain(one.sentence), records: one.records })),
    main_findings: main.map((one) => one.id),
    ...(moved ? { moved: { since: moved.since, rows: moved.rows, gone: moved.gone, new: moved.fresh } } : {}),
  };
  return { page: page.text, summary };
}

if (process.argv[1] && path.resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const [data, page, summary] = process.argv.slice(2);
  if (!summary) {
    console.error('usage: node render.mjs DATA.json PAGE.html SUMMARY.json');
    process.exit(2);
  }
  try {
    const result = await renderReport(JSON.parse(readFileSync(data, 'utf8')));
    writeFileSync(page, result.page);
    writeFileSync(summary, `${JSON.stringify(result.summary)}\n`);
  } catch (error) {
    console.error(`drawing the report: ${process.env.COPPICE_REPORT_STACK ? error.stack : error.message}`);
    process.exit(1);
  }
}
