// The layers of this repository, checked on its files and on the programs that were built from them.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import test, { describe } from 'node:test';

import { violations } from './rules.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');

test('this repository keeps to its rules', () => assert.deepEqual(violations(root), []));

for (const program of ['coppice', 'coppice-serve']) {
  const file = path.join(root, 'build/release', program);
  const skip = existsSync(file) ? false : 'build/release is not built (cmake --preset release, cmake --build --preset release)';
  test(`${program} starts without libtorch`, { skip }, () => {
    const libraries = execFileSync('ldd', [file], { encoding: 'utf8' });
    assert.match(libraries, /libc\.so/);
    assert.doesNotMatch(libraries, /torch|libc10|openblas|python/);
  });
}

// Their 41 libraries cost each start of `coppice track` 9 ms and 10 MB: coppice-tools has them.
const releaseCoppice = path.join(root, 'build/release/coppice');
const notBuilt = existsSync(releaseCoppice) ? false : 'build/release is not built';
test('coppice starts without curl, libarchive and ONNX', { skip: notBuilt }, () => {
  const libraries = execFileSync('ldd', [releaseCoppice], { encoding: 'utf8' });
  assert.doesNotMatch(libraries, /libcurl|libarchive|libonnx|libprotobuf/);
});

// Each rule is shown to fail on a tree made for it.
describe('a made-up tree', () => {
  const good = {
    'shared/base/status.h': '#include <string>\n',
    'shared/text/words.cpp': '#include "shared/base/status.h"\n#include <nlohmann/json.hpp>\n',
    'shared/engine/kernels/dot.cpp': '#ifdef __AVX2__\n#endif\n',
    'native/model/bert.cpp': '#include <torch/torch.h>\n#include "shared/base/status.h"\n',
    'native/cli/main.cpp': '#include <filesystem>\n#include "shared/base/status.h"\n',
    'wasm/api/abi.h': '#include <stdint.h>\n',
    'wasm/ui/panel.cpp': '#include "imgui.h"\n#include <emscripten/html5.h>\n#include "wasm/api/abi.h"\n',
    'web/core.mjs': 'const bytes = module.HEAPU8;\n',
    'web/app.mjs': "import { Core } from './core.mjs';\n// HEAPU8 is for core.mjs\n",
    'tests/unit/abi_test.cpp': '#include "wasm/api/abi.h"\n#include "native/cli/main.cpp"\n',
  };
  const check = (extra) => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'coppice-architecture-'));
    for (const [file, text] of Object.entries({ ...good, ...extra })) {
      mkdirSync(path.join(folder, path.dirname(file)), { recursive: true });
      writeFileSync(path.join(folder, file), text);
    }
    try {
      return violations(folder);
    } finally {
      rmSync(folder, { recursive: true });
    }
  };

  test('has nothing to report when it is clean', () => assert.deepEqual(check({}), []));

  const bad = {
    'the core includes native': ['shared/text/bad.cpp', '#include "native/cli/main.cpp"', /shared\/ must not include native\//],
    'the core includes wasm': ['shared/text/bad.cpp', '#include "wasm/api/abi.h"', /shared\/ must not include wasm\//],
    'native includes wasm': ['native/cli/bad.cpp', '  #  include "wasm/api/abi.h"', /native\/ must not include wasm\//],
    'wasm includes native': ['wasm/api/bad.cpp', '#include "native/cli/main.cpp"', /wasm\/ must not include native\//],
    'the core includes a test': ['shared/text/bad.cpp', '#include "tests/unit/abi_test.cpp"', /must not include tests\//],
    'torch in the core': ['shared/engine/bad.cpp', '#include <torch/torch.h>', /libtorch belongs to/],
    'torch in the command line': ['native/cli/bad.cpp', '#include <ATen/ATen.h>', /libtorch belongs to/],
    'Emscripten in the core': ['shared/engine/bad.cpp', '#include <emscripten.h>', /belong to wasm\//],
    'Dear ImGui in native': ['native/cli/bad.cpp', '#include <imgui.h>', /Dear ImGui belongs to wasm\//],
    'a file in the core': ['shared/text/bad.cpp', '#include <fstream>', /no files, clocks or threads/],
    'a clock in the core': ['shared/text/bad.cpp', '#include <chrono>', /no files, clocks or threads/],
    'a platform in the core': ['shared/text/bad.cpp', '#if defined(__EMSCRIPTEN__)', /same on every platform/],
    'an include from beside': ['shared/text/bad.cpp', '#include "words.h"', /start at the repository root/],
    'an include with ..': ['native/cli/bad.cpp', '#include "../model/bert.cpp"', /start at the repository root/],
    'an include of nothing': ['native/cli/bad.cpp', '#include "shared/base/gone.h"', /no such file/],
    'a second file on the heap': ['web/bad.mjs', 'module.HEAPF32.set(values);', /only one script file/],
    'the page imports a source of the core': ['web/bad.mjs', "import '../wasm/api/glue.mjs';", /only through the C ABI/],
    'a long file': ['native/cli/bad.cpp', '\n'.repeat(700), /longer than 600 lines/],
  };
  for (const [what, [file, text, message]] of Object.entries(bad)) {
    test(`is reported when it has ${what}`, () => {
      const found = check({ [file]: `${text}\n` });
      assert.equal(found.length, 1, found.join('\n'));
      assert.match(found[0], message);
      assert.ok(found[0].includes(file));
    });
  }
});
