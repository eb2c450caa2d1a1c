// The backends of ONNX Runtime Web: WebGPU where there is one (here SwiftShader's, on the processor), and without.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { compare, dist, launch, openPage, readRow, temporaryFolder } from './browser.mjs';
import { writeModels } from './fixture-models.mjs';
import { serve } from './server.mjs';

// Opens the page in a browser of its own and chooses WebGPU.
async function visit({ args = [], prepare }, work) {
  const models = temporaryFolder();
  writeModels(models, { dense: { strength: 2 } });
  const server = await serve({ dist, models });
  const browser = await launch(args);
  try {
    const visitor = await openPage(browser, server.url, { prepare });
    const { page } = visitor;
    assert.ok(await page.isVisible('#backend'));
    await page.waitForSelector('tr[data-model="dense"][data-phase="offered"]');
    await page.selectOption('#backend', 'webgpu');
    await compare(page, 'A wonderful film, one of the best.');
    await work(visitor);
  } finally {
    await browser.close();
    await server.close();
  }
}

test('WebGPU: the same verdict, and the row says what ran it', () =>
  visit({ args: ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader', '--enable-features=Vulkan'] }, async ({ page, problems, foreign }) => {
    const row = await readRow(page, 'dense');
    assert.equal(row.runtime, 'ONNX Runtime Web 1.30.0, WebGPU', await page.textContent('#notices'));
    assert.equal(row.verdict, 'positive');
    assert.equal(row.probability, '98.2 %');
    // Back again: the same model, loaded anew.
    await page.selectOption('#backend', 'wasm');
    await compare(page);
    assert.match((await readRow(page, 'dense')).runtime, /, WASM, 1 thread$/);
    assert.equal((await readRow(page, 'dense')).probability, '98.2 %');
    assert.deepEqual(problems, []);
    assert.deepEqual(foreign, []);
  }));

test('WebGPU without a graphics device: a notice, and the row says that it ran on WASM', () =>
  visit(
    {
      prepare: (context) =>
        Promise.all([
          // A browser that has the interface and nothing behind it, in the worker too.
          context.addInitScript(() => navigator.gpu ?? Object.defineProperty(navigator, 'gpu', { value: { requestAdapter: async () => null } })),
          context.route('**/runtimes.js', async (route) => {
            const body = await (await route.fetch()).text();
            await route.fulfill({ contentType: 'text/javascript', body: body.replace('await navigator.gpu.requestAdapter()', 'null') });
          }),
        ]),
    },
    async ({ page }) => {
      const row = await readRow(page, 'dense');
      assert.equal(row.verdict, 'positive');
      assert.match(row.runtime, /, WASM, 1 thread$/);
      assert.match(await page.textContent('#notices'), /WebGPU cannot be used here \((the browser found no graphics device for it|this browser has no WebGPU)\); transformers run on WASM instead/);
    },
  ));
