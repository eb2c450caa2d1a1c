// The rules of ARCHITECTURE.md as a function from a source tree to a list of what breaks them. It reads include lines,
// import lines and file lengths; it compiles nothing.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

const maxLines = 600;

// Who may include whom, by the first part of the path. Tests may include every layer.
const mayInclude = {
  shared: ['shared'],
  native: ['native', 'shared'],
  wasm: ['wasm', 'shared'],
  tests: ['tests', 'native', 'wasm', 'shared'],
};

// Folders of native/ that are part of coppice-torch only; no other one may see libtorch.
const torchFolders = ['native/model', 'native/train', 'native/prune', 'native/quantize', 'native/backend'];

const isTorch = (header) => /^(torch|ATen|c10|caffe2)\//.test(header);
const isEmscripten = (header) => /^emscripten(\/|\.h$)/.test(header) || /^GLES[23]\//.test(header) || /^EGL\//.test(header);
const isImGui = (header) => /^(imgui|implot)[A-Za-z0-9_]*\.h$/.test(path.posix.basename(header));
// Files, clocks and threads: the core gets bytes, times and readings as arguments.
const isOutsideWorld = (header) =>
  /^(fstream|iostream|filesystem|thread|mutex|shared_mutex|condition_variable|future|chrono|ctime|time\.h|unistd\.h|fcntl\.h|dirent\.h|pthread\.h)$/.test(header) ||
  /^sys\//.test(header) || /^curl\//.test(header) || header === 'httplib.h';

const platformMacro =
  /\b(__EMSCRIPTEN__|__wasm\w*__|_WIN32|_WIN64|_MSC_VER|__APPLE__|__linux__|__unix__|__ANDROID__|__x86_64__|__i386__|__aarch64__|__arm__|__ARM_\w+|__SSE\w*__|__AVX\w*__)/;

const heapView = /\b(HEAPU?8|HEAPU?16|HEAPU?32|HEAPF32|HEAPF64|HEAPU?64)\b|\b_malloc\b|\b_free\b|\bwasmMemory\b/;

function filesUnder(root, folder = '') {
  return readdirSync(path.join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const file = path.posix.join(folder, entry.name);
    if (entry.isDirectory()) return ['node_modules', 'build', 'dist', 'models', '.git', '.cache'].includes(entry.name) ? [] : filesUnder(root, file);
    return entry.isFile() ? [file] : [];
  });
}

const startsIn = (file, folder) => file === folder || file.startsWith(`${folder}/`);

function checkInclude(file, { header, quoted, exists }, report) {
  const layer = file.split('/')[0];
  const target = header.split('/')[0];
  if (target in mayInclude || ['web', 'deploy'].includes(target)) {
    if (!mayInclude[layer].includes(target)) report(`${layer}/ must not include ${target}/`);
    else if (!exists) report('no such file; include paths start at the repository root');
  } else if (quoted && !(layer === 'wasm' && isImGui(header))) {
    report('include paths start at the repository root; other projects are included with <>');
  }
  if (isTorch(header) && layer !== 'tests' && !torchFolders.some((folder) => startsIn(file, folder))) {
    report(`libtorch belongs to ${torchFolders.join(', ')}`);
  }
  if (layer !== 'wasm' && isEmscripten(header)) report('Emscripten and WebGL headers belong to wasm/');
  if (layer !== 'wasm' && isImGui(header)) report('Dear ImGui belongs to wasm/');
  if (layer === 'shared' && isOutsideWorld(header)) report('the core has no files, clocks or threads');
}

// root: a folder laid out like this repository. Returns ["file:line: what is wrong", ...].
export function violations(root) {
  const found = [];
  const files = filesUnder(root);
  const known = new Set(files);
  const heapFiles = [];
  for (const file of files) {
    const layer = file.split('/')[0];
    const isCpp = /\.(h|cpp|cc|hpp|c)$/.test(file);
    const isScript = /\.(mjs|js|cjs)$/.test(file);
    if (!isCpp && !isScript && !/\.(sh|py|css|html|cmake)$/.test(file)) continue;
    const lines = readFileSync(path.join(root, file), 'utf8').split('\n');
    const generated = /\bgenerated\b/i.test(lines.slice(0, 5).join('\n'));
    if (lines.length - 1 > maxLines && !generated) {
      found.push(`${file}:${lines.length - 1}: longer than ${maxLines} lines; one idea a file`);
    }
    lines.forEach((line, index) => {
      const report = (what) => found.push(`${file}:${index + 1}: ${what}: ${line.trim()}`);
      if (isCpp && layer in mayInclude) {
        const include = line.match(/^\s*#\s*include\s*(["<])([^">]+)[">]/);
        if (include) {
          const [, mark, header] = include;
          checkInclude(file, { header, quoted: mark === '"', exists: known.has(header) }, report);
        }
        if (layer === 'shared' && !startsIn(file, 'shared/engine/kernels') && /^\s*#\s*(if|ifdef|ifndef|elif)\b/.test(line) && platformMacro.test(line)) {
          report('the core is the same on every platform');
        }
      }
      if (isScript && layer === 'web') {
        const imported = line.match(/^\s*(?:import|export)\b.*?["'](\.[^"']*)["']|\bimport\(\s*["'](\.[^"']*)["']/);
        const target = imported && path.posix.join(path.posix.dirname(file), imported[1] ?? imported[2]);
        if (target && /^(shared|native|wasm|tests|scripts)\//.test(target)) report('web/ reaches the core only through the C ABI');
        if (heapView.test(line) && !/^\s*(\/\/|\*)/.test(line) && heapFiles.at(-1) !== file) heapFiles.push(file);
      }
    });
  }
  if (heapFiles.length > 1) found.push(`${heapFiles.join(', ')}: only one script file may touch the WASM heap`);
  return found;
}
