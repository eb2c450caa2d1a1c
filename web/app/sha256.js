// SHA-256 in hexadecimal. The browser's own where there is one; a page served without HTTPS has none, and then the
// pinned @noble/hashes does it, slower but the same.
export async function sha256(bytes) {
  const digest = globalThis.crypto?.subtle
    ? new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
    : (await import('../vendor/noble-hashes/sha2.js')).sha256(bytes);
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
