// `npm test`: installs what is missing, builds every preset, runs every suite, and ends with 'N passed, N failed'.
// A suite that fails does not keep the others from running; a build that fails counts as one failure, and so does each
// suite that needed it. `npm test -- SUITE...` runs the named suites only (the names are below).
import { existsSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';

import { build, installNodePackages, installSystemPackages, jobs, main, mustRun, root, run, step, StepFailed } from './steps.mjs';
import { add, countCTest, countNodeTest, testFilesUnder } from './test-results.mjs';

async function ctest(tree, preset = tree) {
  const cases = path.join(root, 'build', tree, 'test-cases');
  const junit = path.join(root, 'build', tree, 'ctest.xml');
  rmSync(cases, { recursive: true, force: true });
  rmSync(junit, { force: true });
  const code = await run('ctest', ['--preset', preset, '-j', String(jobs), '--output-junit', junit], {
    env: { GTEST_OUTPUT: `xml:${cases}/` },
  });
  if (!existsSync(junit)) throw new StepFailed(`ctest ended with exit code ${code} and no results`);
  return agree(code, countCTest(readFileSync(junit, 'utf8'), cases), 'ctest');
}

async function nodeTests(folder, env = {}) {
  const files = testFilesUnder(path.join(root, folder)).map((file) => path.relative(root, file));
  if (files.length === 0) throw new StepFailed(`${folder} holds no *.test.mjs`);
  let output = '';
  const args = ['--test', '--test-reporter=spec', '--test-concurrency=1', ...files];
  const code = await run('node', args, { env, onOutput: (bytes) => (output += bytes) });
  const counts = countNodeTest(output);
  if (!counts) throw new StepFailed(`node --test ${folder} did not get to its end`);
  return agree(code, counts, `node --test ${folder}`);
}

// A runner that reports a failure while we counted none would make our closing line a lie.
function agree(code, counts, runner) {
  if (code !== 0 && counts.failed === 0) throw new StepFailed(`${runner} ended with exit code ${code}`);
  return counts;
}

const builds = {
  dev: ['core and small programs with AddressSanitizer and UBSan, without libtorch', () => build('dev', [], 'dev-all')],
  // The tests of the native suite are built and run in the tree that people run programs from: what is tested is what runs.
  native: ['the programs as people run them, with libtorch, and their tests', () => build('release', [], 'release-tests')],
  release: ['the programs as people run them', () => build('release')],
  wasm: ['the core and the page, for the browser; the first time also fetches Dear ImGui', () => build('wasm', [], 'wasm-library')],
  dist: ['everything the browser loads', () => mustRun('node', ['web/build.mjs', '--single', '--npm'])],
};

const serve = { COPPICE_SERVE: path.join(root, 'build/release/coppice-serve'), COPPICE_DIST: path.join(root, 'dist') };
const suites = {
  scripts: { why: 'how this script counts, and what benches compute', needs: [], run: () => nodeTests('tests/scripts') },
  dev: { why: 'unit tests, golden files and short fuzz runs under sanitizers', needs: ['dev'], run: () => ctest('dev', 'dev-all') },
  native: { why: 'the same without sanitizers, and the libtorch backend', needs: ['native'], run: () => ctest('release') },
  export: { why: 'exported models in ONNX Runtime and transformers.js', needs: ['native'], run: () => nodeTests('tests/unit/export', { COPPICE_BUILD: 'build/release' }) },
  wasm: { why: 'the core in WebAssembly against the same golden files', needs: ['wasm'], run: () => nodeTests('tests/wasm') },
  e2e: {
    why: 'the page in Chromium, served by coppice-serve',
    needs: ['release', 'wasm', 'dist'],
    run: () => nodeTests('tests/e2e', serve),
  },
  tutorial: { why: 'every command of docs/tutorial-pruning.md', needs: ['release'], run: () => nodeTests('tests/tutorial') },
  lifecycle: { why: 'a tiny life cycle of the real programs, killed and gone on with', needs: ['release'], run: () => nodeTests('tests/lifecycle') },
  deploy: { why: 'deployment scripts against a fake gcloud, manifests against their schema, docs/deploy.md, the image', needs: ['release', 'wasm'], run: () => nodeTests('tests/deploy') },
  schemas: { why: 'the published schemas against a table of documents and every record of this repository', needs: [], run: () => nodeTests('tests/schemas') },
  report: { why: 'coppice report: every number against the records, the page in Chromium, docs/report', needs: ['release'], run: () => nodeTests('tests/report') },
  architecture: { why: 'who may include whom', needs: ['release'], run: () => nodeTests('tests/architecture') },
};

await main(async () => {
  const names = process.argv.slice(2);
  const unknown = names.filter((name) => !suites[name]);
  if (unknown.length > 0) throw new StepFailed(`no suite ${unknown.join(', ')}; there are ${Object.keys(suites).join(', ')}`);
  const chosen = Object.entries(suites).filter(([name]) => names.length === 0 || names.includes(name));

  await step('System packages', 'compilers, libraries and a browser from Debian', () => installSystemPackages('test'));
  await step('Node packages', 'ONNX Runtime Web, Vega, Playwright, transformers.js and Node 20', () => installNodePackages('test'));

  const total = { passed: 0, failed: 0, skipped: [], failures: [] };
  const problems = [];
  // One failed step, told now and again at the end.
  const attempt = async (what, why, work) => {
    try {
      return await step(what, why, work);
    } catch (error) {
      if (!(error instanceof StepFailed)) throw error;
      console.error(`== ${what}: FAILED: ${error.message}`);
      problems.push(`${what}: ${error.message}`);
      total.failed += 1;
      return null;
    }
  };

  const built = {};
  for (const [name, suite] of chosen) {
    for (const need of suite.needs) {
      built[need] ??= (await attempt(`Build ${need}`, builds[need][0], async () => (await builds[need][1](), true))) ?? false;
    }
    const counts = await attempt(`Test ${name}`, suite.why, async () => {
      const missing = suite.needs.filter((need) => !built[need]);
      if (missing.length > 0) throw new StepFailed(`not run, since ${missing.join(', ')} did not build`);
      return suite.run();
    });
    if (counts) {
      console.log(`== Test ${name}: ${counts.passed} passed, ${counts.failed} failed, ${counts.skipped.length} skipped`);
      if (counts.failed > 0) problems.push(`Test ${name}: ${counts.failed} failed`);
      if (counts.passed + counts.failed === 0) problems.push(`Test ${name}: ran nothing`), (total.failed += 1);
      add(total, counts);
    }
  }

  if (total.skipped.length > 0) console.log(`\nSkipped:\n${total.skipped.map((line) => `  ${line}`).join('\n')}`);
  // Told again at the end, which is where a reader of a long log, or one who is given only its end, looks.
  for (const failure of total.failures) console.log(`\n${failure}`);
  if (problems.length > 0) console.log(`\nFailed:\n${problems.map((line) => `  ${line}`).join('\n')}`);
  console.log(`\n${total.passed} passed, ${total.failed} failed${total.skipped.length ? `, ${total.skipped.length} skipped` : ''}`);
  return total.failed === 0 ? 0 : 1;
});
