// The YAML of deploy/: of the schema, and of one mind with the Dockerfile.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';

import { parse } from 'yaml';

import { root } from './cloud.mjs';
import { serviceFaults } from './schema.mjs';

const read = (file) => readFileSync(path.join(root, file), 'utf8');
const filled = {
  PROJECT: 'my-project',
  NAME: 'coppice-pruned', IMAGE: `europe-west9-docker.pkg.dev/my-project/coppice/coppice-pruned@sha256:${'0'.repeat(64)}`,
  SERVICE_ACCOUNT: 'coppice-run@my-project.iam.gserviceaccount.com', CONCURRENCY: '8', MAX_INSTANCES: '3', CPU_BOOST: 'false',
};
const cloudRun = () => parse(read('deploy/cloud-run-service.yaml').split('\n').filter((line) => !line.startsWith('#')).join('\n')
  .replace(/@([A-Z_]+)@/g, (_, name) => filled[name] ?? assert.fail(`no value for @${name}@`)));
const knative = () => parse(read('deploy/knative.yaml'));

for (const [what, document] of [['Cloud Run', cloudRun], ['Knative', knative]]) {
  describe(`the service of ${what}`, () => {
    test('is of the schema', () => assert.deepEqual(serviceFaults(document()), []));
    test('listens and is probed where the program answers', () => {
      const [container] = document().spec.template.spec.containers;
      assert.equal(container.ports[0].containerPort, Number(read('deploy/Dockerfile').match(/^ENV PORT=(\d+)$/m)[1]));
      const probes = ['startupProbe', 'readinessProbe', 'livenessProbe'].flatMap((name) => container[name]?.httpGet.path ?? []);
      assert.deepEqual([...new Set(probes)].sort(), ['/healthz', '/readyz']);
    });
    // Each of these has been a real mistake of somebody's.
    for (const [mistake, change] of [
      ['a number where a string is due', (s) => (s.spec.template.metadata.annotations['autoscaling.knative.dev/min-scale'] = 0)],
      ['a misspelt annotation', (s) => (s.spec.template.metadata.annotations['autoscaling.knative.dev/minscale'] = '0')],
      ['a field at the wrong level', (s) => (s.spec.containerConcurrency = 8)],
      ['a tag instead of a digest', (s) => (s.spec.template.spec.containers[0].image = 'registry.example/coppice:latest')],
      ['a port as text', (s) => (s.spec.template.spec.containers[0].ports[0].containerPort = '8080')],
      ['memory without a unit', (s) => (s.spec.template.spec.containers[0].resources.limits.memory = '512')],
      ['a probe without a path', (s) => (s.spec.template.spec.containers[0].livenessProbe.httpGet = {})],
      ['another kind', (s) => (s.kind = 'Deployment')],
    ]) {
      test(`would not be with ${mistake}`, () => {
        const service = document();
        change(service);
        assert.notDeepEqual(serviceFaults(service), []);
      });
    }
  });
}

test('scale to zero is the default everywhere', () => {
  assert.equal(cloudRun().spec.template.metadata.annotations['autoscaling.knative.dev/minScale'], '0');
  assert.equal(knative().spec.template.metadata.annotations['autoscaling.knative.dev/min-scale'], '0');
});

describe('the Dockerfile', () => {
  const lines = read('deploy/Dockerfile').replaceAll('\\\n', ' ').split('\n').filter((line) => line && !line.startsWith('#'));
  const last = lines.slice(lines.findLastIndex((line) => line.startsWith('FROM ')));
  test('begins at a base that has no default', () => {
    assert.equal(lines[0], 'ARG BASE');
    assert.equal(lines[1], 'FROM ${BASE} AS build');
  });
  test('ends in an image that holds nothing but what was copied', () => assert.equal(last[0], 'FROM scratch'));
  test('runs as nobody, in exec form, and stops by SIGTERM', () => {
    assert.ok(last.includes('USER 65532:65532'));
    assert.ok(last.includes('STOPSIGNAL SIGTERM'));
    assert.ok(last.includes('EXPOSE 8080'));
    const entry = JSON.parse(last.find((line) => line.startsWith('ENTRYPOINT ')).slice('ENTRYPOINT '.length));
    assert.equal(entry[0], '/app/coppice-serve');
  });
  test('copies only what .dockerignore lets through', () => {
    const allowed = read('.dockerignore').split('\n').filter((line) => line.startsWith('!')).map((line) => line.slice(1));
    const copied = lines.filter((line) => line.startsWith('COPY ') && !line.includes('--from')).flatMap((line) => line.split(/\s+/).slice(1, -1));
    const passes = (file) => allowed.includes(file) || (file.startsWith('build/deploy/') && allowed.includes('build/deploy/*/page'));
    assert.deepEqual(copied.filter((file) => !passes(file)), []);
    assert.ok(read('.dockerignore').split('\n').includes('*'));
  });
});
