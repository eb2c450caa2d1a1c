// The files of a zip archive that `wanted(name)` picks, unpacked by the pinned fflate. Refused before a byte is unpacked:
// names that leave the archive's folder, more than `mostBytes` in all, encrypted archives. Each file is checked against
// the length and CRC-32 that the archive states.
import { unzipSync } from '../vendor/fflate.js';

const mostFiles = 5000;

const crcTable = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

function crc32(bytes) {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = crcTable[(crc ^ byte) & 255] ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

// Name -> { crc, bytes, encrypted } from the central directory (APPNOTE.TXT 4.3.12 and 4.3.16).
function directoryOf(archive) {
  const view = new DataView(archive.buffer, archive.byteOffset, archive.byteLength);
  let end = archive.length - 22;
  while (end >= 0 && view.getUint32(end, true) !== 0x06054b50) {
    end -= 1;
    if (archive.length - end > 65_557) end = -1;
  }
  if (end < 0) throw new Error('the file is no zip archive, or its end is missing: it may be cut short.');
  const count = view.getUint16(end + 10, true);
  let at = view.getUint32(end + 16, true);
  if (count === 0xffff || at === 0xffffffff) throw new Error('the zip archive is in the 64-bit form, which this page does not read.');
  if (count > mostFiles) throw new Error(`the zip archive has ${count} files; a model has a few dozen.`);
  const found = new Map();
  for (let i = 0; i < count; i += 1) {
    if (at + 46 > archive.length || view.getUint32(at, true) !== 0x02014b50) {
      throw new Error('the zip archive was cut short or altered: its list of files cannot be read.');
    }
    const lengths = [28, 30, 32].map((offset) => view.getUint16(at + offset, true));
    const name = new TextDecoder().decode(archive.subarray(at + 46, at + 46 + lengths[0]));
    found.set(name, {
      encrypted: (view.getUint16(at + 8, true) & 1) === 1,
      crc: view.getUint32(at + 16, true),
      bytes: view.getUint32(at + 24, true),
    });
    at += 46 + lengths[0] + lengths[1] + lengths[2];
  }
  return found;
}

function checkName(name) {
  const parts = name.split('/');
  if (name.startsWith('/') || name.includes('\\') || name.includes('\0') || /^[A-Za-z]:/.test(name) || parts.includes('..')) {
    throw new Error(`the zip archive holds "${name.slice(0, 100)}", a path that leaves its folder. It was not used.`);
  }
}

// Returns Map(name -> Uint8Array).
export function unzip(archive, { wanted, mostBytes }) {
  const directory = directoryOf(archive);
  let total = 0;
  for (const [name, { bytes, encrypted }] of directory) {
    checkName(name);
    if (name.endsWith('/') || !wanted(name)) continue;
    if (encrypted) throw new Error(`"${name}" in the zip archive is encrypted.`);
    total += bytes;
  }
  if (total > mostBytes) {
    throw new Error(`the zip archive unpacks to ${(total / 1e6).toFixed(0)} MB; this page takes at most ${mostBytes / 1e6} MB.`);
  }
  let unpacked;
  try {
    // The output is as large as the directory says, never larger: a false length is found below.
    unpacked = unzipSync(archive, { filter: ({ name, originalSize }) => directory.get(name)?.bytes === originalSize && !name.endsWith('/') && wanted(name) });
  } catch (error) {
    throw new Error(`the zip archive cannot be unpacked (${error.message}): it was cut short or altered.`);
  }
  const files = new Map();
  for (const [name, { crc, bytes }] of directory) {
    if (name.endsWith('/') || !wanted(name)) continue;
    const content = unpacked[name];
    if (!content || content.length !== bytes || crc32(content) !== crc) {
      throw new Error(`"${name}" in the zip archive does not match its checksum: it was altered.`);
    }
    files.set(name, content);
  }
  return files;
}
