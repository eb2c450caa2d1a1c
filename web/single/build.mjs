// dist/coppice.html: the whole page in one file that opens from disk (file://), with the smallest model inside, and the
// smallest transformer too where one has at most 12 MB. Scripts are bundled by esbuild, since a page from disk may not
// import modules; large parts are gzip in base64, in data blocks that no browser runs. Its CSP names the two scripts by
// hash and forbids every connection.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';

const mostTransformerBytes = 12_000_000;

const sha256 = (text) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

// Module paths that only exist in dist/: where they come from.
function resolver({ root, core }) {
  const fixed = {
    '../core/coppice.js': path.join(core, 'coppice.js'),
    '../engine/coppice_engine.js': path.join(core, 'coppice_engine.js'),
    '../engine/coppice_engine_relaxed.js': path.join(core, 'coppice_engine_relaxed.js'),
    '../ort/ort.wasm.min.mjs': path.join(root, 'node_modules/onnxruntime-web/dist/ort.wasm.bundle.min.mjs'),
    '../ort-webgpu/ort.webgpu.min.mjs': path.join(root, 'web/single/no-webgpu.js'),
    '../vendor/fflate.js': path.join(root, 'node_modules/fflate/esm/browser.js'),
    '../vendor/noble-hashes/sha2.js': path.join(root, 'node_modules/@noble/hashes/sha2.js'),
  };
  return {
    name: 'places-of-dist',
    setup: (builder) =>
      builder.onResolve({ filter: /^\.\.\/(core|engine|ort|ort-webgpu|vendor)\// }, ({ path: wanted }) => {
        // Never imported: a page from a file is not cross-origin isolated.
        if (/^\.\.\/engine\/\w+_threads\.js$/.test(wanted)) return { path: wanted, external: true };
        return fixed[wanted] ? { path: fixed[wanted] } : { errors: [{ text: `${wanted} has no place in the single file` }] };
      }),
  };
}

async function bundle(entry, places) {
  const { build } = await import('esbuild'); // a package of development: `npm start` does without
  const result = await build({
    entryPoints: [path.join(places.root, 'web/single', entry)],
    bundle: true,
    write: false,
    format: 'iife',
    minify: true,
    legalComments: 'inline',
    target: 'es2022',
    define: { 'import.meta.url': '"https://inside.invalid/app/"' },
    // The engine's module also runs under node, in a branch that no browser takes.
    external: ['fs', 'path'],
    plugins: [resolver(places)],
    logLevel: 'error',
  });
  // A closing tag in a string would end the script element.
  return result.outputFiles[0].text.replaceAll('</script', '<\\/script');
}

// The ids that go in: the smallest of all, and the smallest transformer if it is small enough.
export function modelsInside(dist, models) {
  const sized = models.map((id) => {
    const manifest = JSON.parse(readFileSync(path.join(dist, 'models', id, 'manifest.json'), 'utf8'));
    const linear = manifest.architecture === 'linear';
    const weights = manifest.weights.find(({ format }) => format === (linear ? 'safetensors' : 'onnx'));
    const bytes = manifest.files.find(({ path: file }) => file === weights?.path)?.bytes ?? Infinity;
    return { id, linear, weights: weights?.path, bytes };
  });
  sized.sort((a, b) => a.bytes - b.bytes);
  const [smallest] = sized;
  const transformer = sized.find(({ linear, bytes }) => !linear && bytes <= mostTransformerBytes);
  return [...new Set([smallest, transformer])].filter(Boolean);
}

// dist: the finished page. core: folder of coppice.js. models: ids of the catalogue. Returns the content of the file.
export async function singleFile({ root, dist, core, models }) {
  const places = { root, core };
  const [main, worker] = await Promise.all([bundle('main.js', places), bundle('worker.js', places)]);
  const chosen = modelsInside(dist, models);
  const parts = ['core/coppice.wasm', 'engine/coppice_engine.wasm', 'engine/coppice_engine_relaxed.wasm', 'ort/ort-wasm-simd-threaded.wasm', 'samples.json'];
  for (const weight of [400, 600]) parts.push(`fonts/source-sans-3-latin-${weight}.ttf`);
  for (const { id, linear, weights } of chosen) {
    parts.push(`models/${id}/manifest.json`, `models/${id}/config.json`, `models/${id}/${weights}`);
    if (!linear) parts.push(`models/${id}/vocab.txt`);
  }
  const block = (name, content) =>
    `<script type="application/gzip;base64" data-path="${name}">${gzipSync(content, { level: 9 }).toString('base64')}</script>`;
  const catalog = JSON.stringify({ schema_version: 1, models: chosen.map(({ id }) => ({ id })) });
  const blocks = [
    ...parts.map((file) => block(file, readFileSync(path.join(dist, file)))),
    block('models/catalog.json', catalog),
    block('worker.js', worker),
  ];

  const font = (file) => `data:font/woff2;base64,${readFileSync(path.join(dist, file)).toString('base64')}`;
  const sheets = ['style.css', 'side.css', 'fonts.css'].map((file) => readFileSync(path.join(dist, file), 'utf8')).join('\n');
  const style = sheets.replace(/url\('(fonts\/[^']+)'\)/g, (_, file) => `url('${font(file)}')`);
  const icon = `data:image/svg+xml;base64,${readFileSync(path.join(dist, 'icon.svg')).toString('base64')}`;
  const policy =
    `default-src 'none'; script-src ${sha256(main)} 'wasm-unsafe-eval'; worker-src blob:; style-src ${sha256(style)}; ` +
    "font-src data:; img-src data:; base-uri 'none'; form-action 'none'";
  const page = readFileSync(path.join(dist, 'index.html'), 'utf8');
  const replaced = [
    [/content="default-src[^"]*"/, `content="${policy}"`],
    [/<link rel="icon"[^>]*>/, `<link rel="icon" href="${icon}" type="image/svg+xml">`],
    [/<link rel="stylesheet" href="style\.css">\s*<link rel="stylesheet" href="side\.css">\s*<link rel="stylesheet" href="fonts\.css">/, `<style>${style}</style>`],
    [/src="icon\.svg"/, `src="${icon}"`],
    [/(\s*<script type="module" src="app\/(first|main)\.js"><\/script>)+(\s*<link rel="(module)?preload"[^>]*>)+/, ''],
    // At the end: the script finds the blocks and the form.
    [/<\/body>/, `${blocks.join('\n')}\n<script>${main}</script>\n</body>`],
  ].reduce((html, [pattern, text]) => {
    if (!pattern.test(html)) throw new Error(`web/index.html has no ${pattern}, which the single file replaces`);
    return html.replace(pattern, () => text);
  }, page);
  return { html: replaced, models: chosen.map(({ id }) => id) };
}
