// The page for everyone: without a pointer, by ear, in other scripts, enlarged, with colours of one's own, by touch, and in
// browsers that lack a part. axe-core looks at each state that the page can be in.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';

import { artifacts, compare, dist, drop, launch, readRow, root, said, temporaryFolder, visitPage } from './browser.mjs';
import { huggingFaceFiles, writeFiles, writeModels } from './fixture-models.mjs';
import { serve } from './server.mjs';

let browser;
let server;
let embedding;
const models = temporaryFolder();
const axeSource = readFileSync(path.join(root, 'node_modules/axe-core/axe.min.js'), 'utf8');

const phone = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true };
const enlarged = { viewport: { width: 640, height: 400 }, deviceScaleFactor: 2 }; // 1280 x 800 at 200 %

before(async () => {
  const kinds = { dense: { strength: 2 }, structured: { strength: 1 }, short: { strength: 1, manifest: { max_length: 5, truncation: 'head' } }, words: { strength: 2, linear: true } };
  writeModels(models, kinds);
  server = await serve({ dist, models });
  browser = await launch();
});
after(async () => {
  await browser.close();
  await server.close();
  await embedding?.close();
});

const visit = (work, options) => visitPage(browser, server.url, work, options);
const listed = (page) => page.waitForSelector('tr[data-model="dense"]');
const review = 'A wonderful film, but the end is dull.';

async function explain(page) {
  await page.click('#explain');
  await page.waitForSelector('body[data-explanation="done"]');
}

async function runSet(page) {
  await page.click('#view-set');
  await page.setInputFiles('#set-file', { name: 'mine.tsv', mimeType: 'text/plain', buffer: Buffer.from('1\tA good film.\n0\tIt is so very good\n1\tIt is not so very bad\n') });
  await page.waitForSelector('body[data-set="loaded"]');
  await page.click('#set-run');
  await page.waitForSelector('body[data-set="done"]');
}

// What axe finds in a page or frame: 'impact rule: element: why', of every impact.
async function faults(frame) {
  await frame.evaluate(axeSource);
  const violations = await frame.evaluate(async () => {
    const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
    return (await window.axe.run(document, { runOnly: tags, resultTypes: ['violations'] })).violations;
  });
  return violations.flatMap(({ impact, id, nodes }) => nodes.map(({ target, failureSummary }) => `${impact} ${id}: ${target}: ${failureSummary.replace(/\s+/g, ' ')}`));
}

describe('axe finds nothing', () => {
  const clean = async (page, state) => assert.deepEqual(await faults(page), [], state);

  test('at first, after a comparison in each layout, with an explanation, what is kept and the tables, many reviews', () =>
    visit(async (page) => {
      await listed(page);
      await clean(page, 'at first');
      await compare(page, review);
      for (const layout of ['cards', 'rows', 'duel']) {
        await page.check(`input[name="layout"][value="${layout}"]`);
        if (layout === 'duel') await page.waitForSelector('#duel:not([hidden])');
        await clean(page, layout);
      }
      await explain(page);
      await page.check('#show-tokens');
      for (const summary of await page.locator('.reading summary:visible, main > details > summary:visible').all()) await summary.click();
      await page.waitForSelector('#kept-models li');
      await page.hover('.reading mark');
      await clean(page, 'an explanation, what is kept, the tables');
      await runSet(page);
      await clean(page, 'many reviews');
    }));

  test('with errors, and a long text that is not read whole', () =>
    visit(async (page, visitor) => {
      await listed(page);
      await page.fill('#review', ' ');
      await page.click('#compare');
      await said(page, '#error', /no review yet/);
      await page.route('**/structured/onnx/model.onnx', (route) => route.fulfill({ status: 404, body: '' }));
      await compare(page, `${'It is a film of many words. '.repeat(200)} good`);
      await page.waitForSelector('li[data-model="structured"] .failed:not([hidden])');
      await page.waitForSelector('.marked .unread');
      await clean(page);
      visitor.problems.length = 0; // the browser writes of the answer 404
    }));

  test('with a model of one\'s own, on a dark phone', () =>
    visit(async (page) => {
      await listed(page);
      await drop(page, writeFiles(path.join(temporaryFolder(), 'my-bert'), huggingFaceFiles({ strength: 1 })));
      await said(page, '#brought', /in the comparison/);
      await compare(page, review);
      await explain(page);
      await clean(page, 'an explanation');
      await runSet(page);
      await clean(page, 'many reviews');
    }, { ...phone, colorScheme: 'dark' }));

  test('in a page that embeds it', async () => {
    const site = temporaryFolder();
    const example = ['index.html', 'host.css', 'host.js'].map((file) => [file, readFileSync(path.join(root, 'docs/examples/embed', file))]);
    writeFiles(site, Object.fromEntries(example));
    embedding = await serve({ dist: site, mounts: { 'coppice/models/': models, 'coppice/': dist } });
    const page = await browser.newPage();
    try {
      await page.goto(embedding.url);
      await page.waitForFunction(() => document.querySelector('#told').textContent.startsWith('first:'));
      await clean(page, 'the host');
      await clean(page.frames()[1], 'the page inside');
    } finally {
      await page.close();
    }
  });
});

// The element that has the focus, and whether one can see that it has.
const focus = (page) =>
  page.evaluate(() => {
    const element = document.activeElement;
    if (!element || element === document.body) return null;
    // What is drawn for it: a radio button's and a file's own box is invisible.
    const shown = element.matches('.segments input') ? element.nextElementSibling : (element.closest('label.file') ?? element);
    const { outlineStyle, outlineWidth } = getComputedStyle(shown);
    const box = shown.getBoundingClientRect();
    return {
      id: element.id || element.dataset.word || element.getAttribute('aria-label') || element.textContent.trim().slice(0, 30),
      name: element.name ?? '',
      outlined: outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2,
      inSight: box.width > 0 && box.height > 0 && box.bottom > 0 && box.top < window.innerHeight,
    };
  });

async function tabTo(page, selector, { key = 'Tab', most = 90 } = {}) {
  for (let i = 0; i < most; i += 1) {
    await page.keyboard.press(key);
    const at = await focus(page);
    if (at) assert.ok(at.outlined && at.inSight, `the focus cannot be seen at ${JSON.stringify(at)}`);
    if (await page.evaluate((wanted) => document.activeElement?.matches(wanted) ?? false, selector)) return;
  }
  assert.fail(`${selector} was not reached by ${most} times ${key}`);
}

describe('without a pointer', () => {
  test('from the page\'s start to a verdict, another layout and order, the words behind it, and many reviews', () =>
    visit(async (page) => {
      await listed(page);
      await tabTo(page, '#review');
      await page.keyboard.type(review);
      await tabTo(page, '#compare', { most: 1 });
      await page.keyboard.press('Enter');
      await page.waitForSelector('body[data-finished="1"]');
      assert.match(await page.textContent('#headline'), /say/);

      await tabTo(page, 'input[name="layout"]');
      await page.keyboard.press('ArrowRight');
      await page.waitForFunction(() => document.querySelector('input[name="layout"][value="rows"]').checked);
      await tabTo(page, '#sort');
      const first = () => page.getAttribute('#table tbody tr', 'data-model');
      await page.keyboard.type('Na'); // Name
      await page.waitForFunction(() => document.querySelector('#sort').value === 'name');
      assert.equal(await first(), 'dense');
      for (let i = 0; i < 3; i += 1) await page.keyboard.press('ArrowDown'); // Size
      await page.waitForFunction(() => document.querySelector('#sort').value === 'size');
      assert.equal(await first(), 'words');

      await tabTo(page, '#explain');
      await page.keyboard.press('Enter');
      await page.waitForSelector('body[data-explanation="done"]');
      await tabTo(page, '.marked');
      const [wonderful, dull] = [/“wonderful”: .*dense \+2\.00/, /“dull”: .*dense −2\.00/];
      for (const [key, detail] of [['ArrowRight'], ['ArrowRight', wonderful], ['End', dull], ['Home'], ['ArrowLeft'], ['ArrowRight', wonderful]]) {
        await page.keyboard.press(key);
        if (detail) assert.match(await page.textContent('#word-detail'), detail);
        assert.ok((await focus(page)).outlined);
      }
      const text = await page.evaluate(() => document.activeElement.closest('.reading').dataset.model);
      await page.keyboard.press('Tab'); // one stop a text, however many words
      assert.equal(await page.evaluate(() => document.activeElement.closest('.marked')), null, `no way out of ${text}`);

      await tabTo(page, '#view-set', { key: 'Shift+Tab' });
      await page.keyboard.press('Enter');
      await tabTo(page, '#set-samples');
      await page.keyboard.press('Space');
      await page.waitForSelector('body[data-set="loaded"]');
      await tabTo(page, '#set-run');
      await page.keyboard.press('Enter');
      await page.waitForSelector('body[data-set="running"], body[data-set="done"]');
      await page.waitForSelector('body[data-set="done"]');
      assert.ok(await focus(page), 'the focus was lost as the button that was pressed went away');
    }));

  test('every control is reached once, in the order of reading, and the end leads out', () =>
    visit(async (page) => {
      await listed(page);
      await compare(page, review);
      await explain(page);
      await page.evaluate(() => document.activeElement.blur());
      await page.evaluate(() => document.querySelector('#theme').focus());
      const wanted = await page.evaluate(() => {
        const groups = new Set();
        const stops = [...document.querySelectorAll('button, input, select, textarea, summary, a[href], [tabindex="0"]')].filter((element) => {
          if (element.disabled || !element.checkVisibility()) return false;
          if (element.type !== 'radio') return true;
          return !groups.has(element.name) && groups.add(element.name); // one stop a group
        });
        stops.forEach((element, place) => (element.type === 'radio' ? document.querySelector(`input[name="${element.name}"]:checked`) : element).setAttribute('data-stop', place));
        return stops.length;
      });
      const order = [];
      for (let i = 0; i <= wanted + 1; i += 1) {
        order.push(await page.evaluate(() => document.activeElement?.dataset.stop ?? null));
        await page.keyboard.press('Tab');
      }
      assert.deepEqual(order.slice(0, wanted), Array.from({ length: wanted }, (_, place) => String(place)));
      assert.equal(order[wanted], null, 'after the last control the focus leaves the page');
    }));
});

describe('by ear', () => {
  const listen = (page) =>
    page.evaluate(() => {
      window.heard = [];
      const live = '[aria-live]:not([aria-live="off"]), [role="status"], [role="alert"]';
      new MutationObserver((changes) => {
        for (const region of new Set(changes.map(({ target }) => (target.closest ? target : target.parentElement)?.closest(live)))) {
          const text = region?.checkVisibility() ? region.textContent.trim() : '';
          if (text) window.heard.push(text);
        }
      }).observe(document.body, { subtree: true, childList: true, characterData: true });
    });

  test('the verdict is said once, and progress in a few sentences', () =>
    visit(async (page) => {
      await listed(page);
      await page.selectOption('#repeats', '10');
      await listen(page);
      await compare(page, review);
      await page.waitForTimeout(500);
      const heard = await page.evaluate(() => window.heard);
      const verdict = (await page.textContent('#headline')).trim();
      assert.equal(heard.filter((text) => text.includes(verdict)).length, 1, JSON.stringify(heard));
      assert.equal(heard.filter((text) => /\bsay\b|positive|negative/.test(text)).length, 1, JSON.stringify(heard));
      assert.ok(heard.length <= 8, `${heard.length} announcements: ${JSON.stringify(heard)}`);
    }));

  test('the drawing has a description of what it shows now', () =>
    visit(async (page) => {
      await listed(page);
      const label = () => page.getAttribute('#canvas', 'aria-label');
      assert.match(await label(), /no verdict yet/i);
      await compare(page, 'good');
      for (const model of ['dense', 'structured', 'short', 'words']) assert.match(await label(), new RegExp(`${model}: positive, \\d`));
      await page.check('input[name="chart"][value="tradeoff"]');
      await page.waitForFunction(() => /chart: trade-off/i.test(document.querySelector('#canvas').ariaLabel));
      await compare(page, 'bad');
      assert.match(await label(), /dense: negative, 88\.1 %/);
      assert.doesNotMatch(await label(), /positive/);
      await runSet(page);
      assert.match(await label(), /accuracy so far.*dense 33\.3 %/i);
    }));
});

describe('in other scripts', () => {
  test('text that is composed by an input method arrives whole', () =>
    visit(async (page) => {
      await listed(page);
      const session = await page.context().newCDPSession(page);
      await page.focus('#review');
      await page.keyboard.type('good ');
      for (const text of ['に', 'にほ', 'にほん']) {
        await session.send('Input.imeSetComposition', { text, selectionStart: text.length, selectionEnd: text.length });
        await page.waitForTimeout(250); // longer than the pause after which the text is read
        assert.equal(await page.inputValue('#review'), `good ${text}`);
      }
      await session.send('Input.insertText', { text: '日本' });
      await page.keyboard.type(' é');
      assert.equal(await page.inputValue('#review'), 'good 日本 é');
      await compare(page);
      assert.equal((await readRow(page, 'dense')).verdict, 'positive');
      assert.equal(await page.textContent('.reading[data-model="dense"] .marked'), 'good 日本 é');
    }));

  for (const [script, text, words] of [['Hebrew', 'סרט good נפלא bad', ['סרט', 'נפלא']], ['Arabic', 'فيلم good رائع bad', ['فيلم', 'رائع']]]) {
    test(`${script} runs from right to left, in the form and in what is said of it`, () =>
      visit(async (page) => {
        await listed(page);
        await compare(page, text);
        await explain(page);
        const direction = (selector) => page.$eval(selector, (element) => getComputedStyle(element).direction);
        assert.equal(await direction('#review'), 'rtl');
        assert.equal(await direction('.reading[data-model="dense"] .marked'), 'rtl');
        // The words as they stand on the line, from the right: in the order of the text.
        const places = await page.$$eval('.reading[data-model="dense"] .marked [data-word]', (found) => found.map((element) => ({ word: element.textContent, right: element.getBoundingClientRect().right })));
        assert.deepEqual(places.map(({ word }) => word), [words[0], 'good', words[1], 'bad']);
        assert.deepEqual([...places].sort((a, b) => b.right - a.right), places);
        // To the left is onwards here.
        await page.focus('.reading[data-model="dense"] .marked');
        for (let i = 0; i < 4; i += 1) await page.keyboard.press('ArrowLeft');
        assert.match(await page.textContent('#word-detail'), /“bad”/);
        assert.equal(await page.$eval('#word-detail', (element) => getComputedStyle(element).direction), 'ltr');
        assert.deepEqual(await page.$$eval('#word-detail bdi', (found) => found.map((element) => element.textContent)), ['“bad”']);
        if (script === 'Hebrew') await page.screenshot({ path: path.join(artifacts, 'hebrew-1280.png'), fullPage: true });
      }));
  }

  test('Greek and Cyrillic have the page\'s own font', () =>
    visit(async (page) => {
      await listed(page);
      await page.fill('#review', 'καλή ταινία, хороший фильм, dobrý film');
      await page.waitForFunction(() => [...document.fonts].filter(({ status }) => status === 'loaded').length >= 5);
      const loaded = await page.evaluate(() => [...document.fonts].filter(({ status }) => status === 'loaded').map(({ unicodeRange }) => unicodeRange).join());
      for (const range of ['U+370', 'U+301', 'U+100']) assert.ok(loaded.includes(range), `${range} is not in ${loaded}`);
    }));
});

// What cannot be seen or hit: outside the page's width, or under something else.
const misplaced = (page) =>
  page.evaluate(() => {
    const found = [];
    const width = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth > width) found.push(`the page is ${document.documentElement.scrollWidth} wide, the window ${width}`);
    for (const element of document.querySelectorAll('h1, h2, h3, p, li, label, button, select, textarea, summary, canvas, fieldset')) {
      if (!element.checkVisibility() || element.closest('.scroll') || element.closest('.segments legend')) continue;
      const { left, right, width: own } = element.getBoundingClientRect();
      const name = `${element.tagName} ${element.id || element.textContent.trim().slice(0, 30)}`;
      if (own > 0 && (left < -1 || right > width + 1)) found.push(`${name}: from ${left} to ${right}`);
      if (element.matches('button, label, h1, h2, h3, summary') && element.scrollWidth > element.clientWidth + 1 && element.clientWidth > 0) found.push(`${name}: its text is cut`);
    }
    for (const element of document.querySelectorAll('button, select, textarea, summary')) {
      if (!element.checkVisibility() || element.disabled) continue;
      element.scrollIntoView({ block: 'center' });
      const box = element.getBoundingClientRect();
      const over = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
      if (!element.contains(over)) found.push(`${element.id} lies under ${over?.tagName} ${over?.id}`);
    }
    return found;
  });

describe('large and small', () => {
  for (const [name, options] of [['at 200 %', enlarged], ['at 400 %', { viewport: { width: 320, height: 256 }, deviceScaleFactor: 4 }], ['on a phone', phone]]) {
    test(`${name} nothing is cut, covered or wider than the screen`, () =>
      visit(async (page) => {
        await listed(page);
        await compare(page, review);
        await explain(page);
        for (const layout of ['cards', 'rows', 'duel']) {
          await page.check(`input[name="layout"][value="${layout}"]`);
          await page.waitForTimeout(200);
          assert.deepEqual(await misplaced(page), [], layout);
        }
        if (options === enlarged) await page.screenshot({ path: path.join(artifacts, 'zoom-200.png'), fullPage: true });
        await runSet(page);
        assert.deepEqual(await misplaced(page), [], 'many reviews');
      }, options));
  }

  for (const [name, options] of [['on a desk', {}], ['on a phone', phone]]) {
    test(`${name} Compare stays where it is while what was typed is counted`, () =>
      visit(async (page) => {
        await listed(page);
        await page.evaluate(() => document.fonts.ready);
        const top = () => page.evaluate(() => document.getElementById('compare').getBoundingClientRect().top + window.scrollY);
        const before = await top();
        await page.fill('#review', 'good');
        await said(page, '#reading', /^3 tokens/);
        assert.equal(await top(), before);
        await page.fill('#review', 'good film '.repeat(700));
        await said(page, '#reading', /the transformers read/);
        assert.equal(await top(), before);
      }, options));
  }

  test('whatever is tapped is at least 24 pixels high and wide', () =>
    visit(async (page) => {
      await listed(page);
      const small = () =>
        page.evaluate(() =>
          [...document.querySelectorAll('button, select, textarea, summary, input, a[href]')]
            .filter((element) => element.checkVisibility())
            .map((element) => element.closest('label') ?? element)
            .map((element) => ({ element, box: element.getBoundingClientRect() }))
            .filter(({ box }) => box.width > 0 && Math.min(box.width, box.height) < 24)
            .map(({ element, box }) => `${element.tagName} ${element.id || element.textContent.trim()}: ${box.width} x ${box.height}`),
        );
      await compare(page, review);
      await explain(page);
      assert.deepEqual(await small(), []);
      await runSet(page);
      assert.deepEqual(await small(), []);
    }, phone));

  test('on a fine screen the drawing has its pixels, and follows a change of the ratio', () =>
    visit(async (page) => {
      await listed(page);
      const session = await page.context().newCDPSession(page);
      // The window's width changes with it: of the ratio alone this emulation tells no page.
      for (const [width, ratio] of [[1281, 3], [1280, 1.5]]) {
        await session.send('Emulation.setDeviceMetricsOverride', { width, height: 800, deviceScaleFactor: ratio, mobile: false });
        await page.waitForFunction((wanted) => {
          const { width, clientWidth } = document.querySelector('#canvas');
          return Math.abs(width - wanted * clientWidth) <= 1;
        }, ratio);
      }
    }));
});

describe('colours and motion', () => {
  test('nothing moves by itself, with and without the wish for less motion', async () => {
    for (const reducedMotion of ['reduce', 'no-preference']) {
      await visit(async (page) => {
        await listed(page);
        await compare(page, review);
        const moving = await page.evaluate(() =>
          [...document.querySelectorAll('*')].filter((element) => {
            const { animationName, transitionDuration, scrollBehavior } = getComputedStyle(element);
            return animationName !== 'none' || parseFloat(transitionDuration) > 0 || scrollBehavior !== 'auto';
          }).map(({ tagName, id }) => `${tagName} ${id}`),
        );
        assert.deepEqual(moving, []);
        assert.equal(await page.evaluate(() => document.getAnimations().length), 0);
      }, { reducedMotion });
    }
  });

  test('with forced colours what is chosen and what has the focus can still be seen', () =>
    visit(async (page) => {
      await listed(page);
      await compare(page, review);
      const background = (selector) => page.$eval(selector, (element) => getComputedStyle(element).backgroundColor);
      assert.notEqual(await background('input[value="cards"] + span'), await background('input[value="rows"] + span'));
      assert.notEqual(await background('#view-review'), await background('#view-set'));
      await page.focus('#sort');
      await page.keyboard.press('Shift+Tab');
      assert.ok((await focus(page)).outlined);
      assert.deepEqual(await faults(page), []);
      await page.screenshot({ path: path.join(artifacts, 'forced-colors.png') });
    }, { forcedColors: 'active' }));
});

// A browser of its own, started with other flags, or one whose pages begin with a script of the test's.
async function visitWith({ flags = [], before: prepare }, work) {
  const other = await launch(flags);
  try {
    const page = await other.newPage();
    if (prepare) await page.addInitScript(prepare);
    page.setDefaultTimeout(120_000);
    await page.goto(server.url);
    await work(page);
  } finally {
    await other.close();
  }
}

describe('browsers that lack a part', () => {
  const lacks = async (page, sentence) => {
    assert.match(await said(page, '#fatal', /could not start/), sentence);
    assert.ok(await page.isVisible('#fatal'));
    assert.ok(await page.isVisible('h1'));
    assert.ok(await page.isDisabled('#compare'));
  };

  test('without WebAssembly: a sentence, not a blank', () =>
    visitWith({ before: () => delete globalThis.WebAssembly }, async (page) => {
      assert.equal(await page.evaluate(() => typeof WebAssembly), 'undefined');
      await lacks(page, /this browser has no WebAssembly, which the models run on\. Firefox/);
    }));

  test('without its SIMD: a sentence that says so', () =>
    visitWith({ flags: ['--js-flags=--no-enable-sse4-1 --no-enable-ssse3'] }, (page) => lacks(page, /this browser has no SIMD in its WebAssembly/)));
});
