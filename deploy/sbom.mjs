// A bill of materials of an image: CycloneDX 1.5, JSON. The Debian packages of the shared libraries (written by
// image-root.sh), the npm packages that the page carries (package-lock.json, without development packages), and the
// model with the hashes of its manifest. Nothing is asked of a network, and the same inputs give the same bytes.
//
//   node deploy/sbom.mjs --packages image-packages.tsv --lock package-lock.json --model build/deploy/MODEL/page/models/MODEL
//     --version 0.1.0 > sbom.cdx.json
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

export class BadInput extends Error {}

// "libc6:amd64<TAB>2.36-9<TAB>amd64<TAB>glibc" a line.
export function debianComponents(tsv, source = 'packages') {
  const lines = tsv.split('\n').filter((line) => line !== '');
  if (lines.length === 0) throw new BadInput(`${source}: is empty; expected the packages of image-root.sh`);
  const seen = new Set();
  return lines.map((line, index) => {
    const cells = line.split('\t');
    const where = `${source}, line ${index + 1}`;
    if (cells.length !== 4) throw new BadInput(`${where}: expected name, version, architecture and source, found ${cells.length} cells`);
    const [name, version, arch, origin] = [cells[0].split(':')[0], ...cells.slice(1)];
    if (!/^[a-z0-9][a-z0-9+.-]+$/.test(name)) throw new BadInput(`${where}: "${name}" is no name of a Debian package`);
    if (version === '' || arch === '') throw new BadInput(`${where}: ${name} has no version or architecture`);
    if (seen.has(name)) throw new BadInput(`${where}: ${name} is there twice`);
    seen.add(name);
    const purl = `pkg:deb/debian/${encodeURIComponent(name)}@${encodeURIComponent(version)}?arch=${arch}`;
    return { type: 'library', 'bom-ref': purl, name, version, purl, properties: [{ name: 'debian:source', value: origin || name }] };
  });
}

// package-lock.json, version 3. Optional packages are the pinned Node, which builds and does not ship.
export function npmComponents(lock, source = 'package-lock.json') {
  const { lockfileVersion, packages } = lock;
  if (lockfileVersion !== 3 || typeof packages !== 'object') {
    throw new BadInput(`${source}: expected lockfileVersion 3 with packages, found version ${lockfileVersion}`);
  }
  return Object.entries(packages)
    .filter(([where, entry]) => where !== '' && !entry.dev && !entry.optional && !entry.devOptional)
    .map(([where, { version, integrity, license }]) => {
      const name = where.slice(where.lastIndexOf('node_modules/') + 'node_modules/'.length);
      if (!version || !integrity) throw new BadInput(`${source}: ${where}: has no version or integrity`);
      const [algorithm, digest] = integrity.split(' ')[0].split('-', 2);
      if (algorithm !== 'sha512') throw new BadInput(`${source}: ${where}: integrity is ${algorithm}, expected sha512`);
      const purl = `pkg:npm/${name.replace('@', '%40')}@${version}`;
      return {
        type: 'library', 'bom-ref': purl, name, version, purl,
        hashes: [{ alg: 'SHA-512', content: Buffer.from(digest, 'base64').toString('hex') }],
        ...(license ? { licenses: [{ expression: license }] } : {}),
      };
    });
}

export function modelComponent(manifest, source = 'manifest.json') {
  if (typeof manifest.id !== 'string' || !Array.isArray(manifest.files)) throw new BadInput(`${source}: expected an id and files`);
  return {
    type: 'machine-learning-model', 'bom-ref': `model:${manifest.id}`, name: manifest.id, version: String(manifest.program_version ?? ''),
    components: manifest.files
      .filter(({ path: file }) => !file.startsWith('runs/'))
      .map(({ path: file, sha256 }) => ({
        type: 'file', 'bom-ref': `model:${manifest.id}/${file}`, name: file, hashes: [{ alg: 'SHA-256', content: sha256 }],
      })),
  };
}

export function bill({ packages, lock, manifest, version }) {
  const components = [...debianComponents(packages), ...npmComponents(lock), modelComponent(manifest)];
  components.sort((a, b) => (a['bom-ref'] < b['bom-ref'] ? -1 : 1));
  return {
    bomFormat: 'CycloneDX',
    specVersion: '1.5',
    version: 1,
    metadata: { component: { type: 'container', 'bom-ref': `coppice-serve:${manifest.id}`, name: 'coppice-serve', version } },
    components,
    dependencies: [{ ref: `coppice-serve:${manifest.id}`, dependsOn: components.map((c) => c['bom-ref']) }],
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    const options = Object.fromEntries(['packages', 'lock', 'model', 'version'].map((name) => [name, { type: 'string' }]));
    const { values } = parseArgs({ options });
    for (const name of Object.keys(options)) if (!values[name]) throw new BadInput(`--${name} is needed`);
    const json = (file) => JSON.parse(readFileSync(file, 'utf8'));
    const document = bill({
      packages: readFileSync(values.packages, 'utf8'),
      lock: json(values.lock),
      manifest: json(path.join(values.model, 'manifest.json')),
      version: values.version,
    });
    process.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
  } catch (error) {
    console.error(`sbom.mjs: ${error.message}`);
    process.exitCode = error instanceof BadInput || error.code === 'ENOENT' ? 3 : 1;
  }
}
