// A fake Google Cloud for one test: `gcloud` first in PATH, its state in a folder of its own.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const fake = path.join(root, 'tests/deploy/fake-gcloud.mjs');

// Regions as `coppice carbon --cloud gcp --list` prints them; tests/unit/cli/carbon_test.cpp holds it to this form.
export const listing = [
  'europe-north2: 2.73 g/kWh in 2024, PUE 1.1, carbon-free 98 % (Stockholm, SWE)',
  'northamerica-northeast1: 5.48 g/kWh in 2024, PUE 1.1, carbon-free 99 % (Montreal, CAN)',
  'europe-west9: 16.3 g/kWh in 2024, PUE 1.1, carbon-free 96 % (Paris, FRA)',
  'europe-west1: 103.17 g/kWh in 2024, PUE 1.09, carbon-free 84 % (Belgium, BEL)',
  'us-central1: 412.72 g/kWh in 2024, PUE 1.11, carbon-free 87 % (Iowa, USA)',
].join('\n');

export class Cloud {
  constructor() {
    this.folder = mkdtempSync(path.join(os.tmpdir(), 'coppice-cloud-'));
    const program = (name, text) => writeFileSync(path.join(this.folder, name), text, { mode: 0o755 });
    program('gcloud', `#!/bin/sh\nexec '${process.execPath}' '${fake}' "$@"\n`);
    program('coppice', `#!/bin/sh\n[ "$*" = "carbon --cloud gcp --list" ] || exit 9\ncat <<'TEXT'\n${listing}\nTEXT\n`);
    this.env = {
      ...process.env,
      PATH: `${this.folder}:${process.env.PATH}`,
      COPPICE: path.join(this.folder, 'coppice'),
      FAKE_GCLOUD_STATE: path.join(this.folder, 'state.json'),
      TMPDIR: this.folder,
    };
  }
  run(command, args, options = {}) {
    const { status, stdout, stderr } = spawnSync(command, args, { cwd: root, env: this.env, encoding: 'utf8', input: '', ...options });
    return { code: status, out: stdout, err: stderr };
  }
  // deploy/cloud-run.sh of this project.
  script(...args) {
    return this.run(path.join(root, 'deploy/cloud-run.sh'), [args[0], '--project', 'my-project', ...args.slice(1)]);
  }
  gcloud(...args) {
    return this.run('gcloud', args);
  }
  get state() {
    return existsSync(this.env.FAKE_GCLOUD_STATE) ? JSON.parse(readFileSync(this.env.FAKE_GCLOUD_STATE, 'utf8')) : null;
  }
  close() {
    rmSync(this.folder, { recursive: true });
  }
}
