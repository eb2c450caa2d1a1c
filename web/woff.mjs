// WOFF 1 to TrueType: the same tables, each compressed by zlib in the one and plain in the other.
// Format: https://www.w3.org/TR/WOFF/, sections 3 to 5. Used at build time on the pinned font package.
import { inflateSync } from 'node:zlib';

const headerBytes = 44;
const entryBytes = 20;
const align4 = (n) => (n + 3) & ~3;

export function woffToTrueType(woff) {
  if (woff.length < headerBytes || woff.toString('latin1', 0, 4) !== 'wOFF') throw new Error('font: no WOFF 1 file');
  const count = woff.readUInt16BE(12);
  const tables = [];
  for (let i = 0; i < count; i += 1) {
    const at = headerBytes + i * entryBytes;
    const [offset, compressed, length, checksum] = [4, 8, 12, 16].map((field) => woff.readUInt32BE(at + field));
    const stored = woff.subarray(offset, offset + compressed);
    const content = compressed < length ? inflateSync(stored) : stored;
    if (content.length !== length) throw new Error('font: a table has another length than its entry says');
    tables.push({ tag: woff.subarray(at, at + 4), checksum, content });
  }

  const directory = 12 + 16 * count;
  const total = tables.reduce((sum, { content }) => sum + align4(content.length), directory);
  const font = Buffer.alloc(total);
  const power = 2 ** Math.floor(Math.log2(count));
  woff.copy(font, 0, 4, 8); // the flavour: 00 01 00 00
  font.writeUInt16BE(count, 4);
  font.writeUInt16BE(16 * power, 6);
  font.writeUInt16BE(Math.log2(power), 8);
  font.writeUInt16BE(16 * (count - power), 10);
  let offset = directory;
  tables.forEach(({ tag, checksum, content }, i) => {
    const at = 12 + 16 * i;
    tag.copy(font, at);
    font.writeUInt32BE(checksum, at + 4);
    font.writeUInt32BE(offset, at + 8);
    font.writeUInt32BE(content.length, at + 12);
    content.copy(font, offset);
    offset += align4(content.length);
  });
  return font;
}
