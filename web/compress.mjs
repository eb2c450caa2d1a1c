// What a host sends of a file, compressed once and kept by content: the large runtimes take half a minute each.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const brotli = (bytes, quality) =>
  brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: quality, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length } });

const squeeze = {
  br: (bytes) => brotli(bytes, bytes.length > 20e6 ? 9 : 11),
  gz: (bytes) => gzipSync(bytes, { level: 9 }),
};

export const gains = (file) => /\.(html|css|js|mjs|json|svg|wasm|ttf|txt)$/.test(file);

// Model weights hardly compress, but where most of them are 0. Decided by a quick try.
export const weightsGain = (file, content) => file.endsWith('.onnx') && brotli(content, 1).length < 0.85 * content.length;

// The path of `content` as 'br' or 'gz', in the folder `kept`.
export function compressed(content, form, kept) {
  mkdirSync(kept, { recursive: true });
  const key = createHash('sha256').update(content).digest('hex').slice(0, 24);
  const stored = path.join(kept, `${key}.${form}`);
  if (!existsSync(stored)) writeFileSync(stored, squeeze[form](content));
  return stored;
}
