// The models that are really shipped, on the page as it is shipped: each judges clear reviews as a reader would.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

import { artifacts, compare, dist, launch, openPage, readRow } from './browser.mjs';
import { serve } from './server.mjs';

const catalogFile = path.join(dist, 'models/catalog.json');
const shipped = existsSync(catalogFile) ? JSON.parse(readFileSync(catalogFile, 'utf8')).models.map(({ id }) => id) : [];

test('every shipped model judges the clear samples rightly', { skip: shipped.length === 0 && 'dist holds no models' }, async () => {
  const server = await serve({ dist, isolated: true });
  const browser = await launch();
  try {
    const { page, problems, foreign } = await openPage(browser, server.url);
    // Of the samples only the two clear ones: a negated one both models get wrong, natively too, as their cards' accuracy allows.
    for (const [sample, verdict] of [['clear-negative', 'negative'], ['clear-positive', 'positive']]) {
      await page.selectOption('#repeats', '3');
      await page.selectOption('#sample', sample);
      await compare(page, undefined, { timeout: 300_000 });
      for (const id of shipped) assert.equal((await readRow(page, id)).verdict, verdict, `${id} on ${sample}`);
    }
    await page.waitForTimeout(300);
    await page.screenshot({ path: path.join(artifacts, 'shipped-1280.png') });
    assert.deepEqual(problems, []);
    assert.deepEqual(foreign, []);
  } finally {
    await browser.close();
    await server.close();
  }
});
