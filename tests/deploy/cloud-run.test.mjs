// deploy/cloud-run.sh against a fake gcloud, from an empty project to an empty project.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';

import { parse } from 'yaml';

import { Cloud, root } from './cloud.mjs';
import { serviceFaults } from './schema.mjs';

const base = `debian@sha256:${'a'.repeat(64)}`;
const models = ['minilm-l6-imdb', 'minilm-l6-imdb-half-int8'];

let cloud;
const pages = [];
beforeEach(() => {
  cloud = new Cloud();
  // build asks for the pages; what is in them is not this test's.
  for (const model of models) {
    const index = path.join(root, 'build/deploy', model, 'page/index.html');
    if (existsSync(index)) continue;
    mkdirSync(path.dirname(index), { recursive: true });
    writeFileSync(index, '');
    pages.push(path.join(root, 'build/deploy', model));
  }
});
afterEach(() => {
  cloud.close();
  for (const page of pages.splice(0)) rmSync(page, { recursive: true });
});

const ok = (result) => (assert.equal(result.code, 0, `${result.err}\n${result.out}`), result);
const refused = (result, code, text) => {
  assert.equal(result.code, code, result.err);
  assert.match(result.err, text);
  return result;
};
const upTo = (...steps) => {
  const calls = {
    setup: () => ok(cloud.script('setup', '--yes')),
    build: (tag) => ok(cloud.script('build', '--yes', '--base', base, '--tag', tag)),
    deploy: (tag) => ok(cloud.script('deploy', '--yes', '--tag', tag)),
  };
  for (const [step, tag] of steps) calls[step](tag);
};
const service = (name) => cloud.state.services[`europe-north1/coppice-${name}`];

describe('the region', () => {
  test('is the lowest one that Cloud Run has, and the reason is printed', () => {
    const { out, err } = ok(cloud.script('region'));
    assert.equal(out, 'northamerica-northeast1\n'); // europe-north2 is lower, but the fake Cloud Run is not there
    assert.match(err, /lowest grid intensity of Cloud Run's regions: 5\.48 g\/kWh in 2024/);
  });
  test('can be kept near', () => {
    const { out, err } = ok(cloud.script('region', '--near', 'europe-'));
    assert.equal(out, 'europe-west9\n');
    assert.match(err, /that begin with europe-: 16\.3 g\/kWh/);
    refused(cloud.script('region', '--near', 'mars-'), 2, /no region/);
  });
  test('can be overridden', () => {
    const { out, err } = ok(cloud.script('region', '--region', 'us-central1'));
    assert.equal(out, 'us-central1\n');
    assert.match(err, /given with --region/);
  });
});

test('from nothing to both services and back to nothing', () => {
  ok(cloud.script('setup', '--yes'));
  const region = 'northamerica-northeast1';
  assert.deepEqual(Object.keys(cloud.state.repositories), [`${region}/coppice`]);
  const { policy } = cloud.state.repositories[`${region}/coppice`];
  assert.equal(policy.dryRun, false); // else nothing is ever deleted
  assert.deepEqual(policy.rules.map(({ action }) => action.type), ['Keep', 'Delete']);
  // The services' account has no role; the builder's are these.
  assert.deepEqual(cloud.state.bindings.map(({ member, role }) => `${member.split('@')[0]} ${role}`), [
    'serviceAccount:coppice-build roles/artifactregistry.writer',
    'serviceAccount:coppice-build roles/logging.logWriter',
    'serviceAccount:coppice-build roles/storage.objectViewer',
  ]);
  ok(cloud.script('setup', '--yes')); // again: changes nothing
  assert.equal(cloud.state.bindings.length, 3);

  ok(cloud.script('build', '--yes', '--base', base, '--tag', 'one'));
  assert.deepEqual(Object.keys(cloud.state.images).map((image) => image.split('/').pop()), ['coppice-standard:one', 'coppice-pruned:one']);
  const { out } = ok(cloud.script('deploy', '--yes', '--tag', 'one', '--cpu-boost', '--concurrency', '4'));
  assert.match(out, /^coppice-standard\thttps:\/\/.*\tcoppice-standard-00001-abc\tcoppice-standard-00001-abc$/m);
  for (const name of ['standard', 'pruned']) {
    const deployed = cloud.state.services[`${region}/coppice-${name}`];
    assert.deepEqual(serviceFaults(parse(deployed.yaml)), []);
    const { metadata, spec } = deployed.spec.template;
    assert.equal(metadata.annotations['autoscaling.knative.dev/minScale'], '0');
    assert.equal(metadata.annotations['run.googleapis.com/startup-cpu-boost'], 'true');
    assert.equal(spec.containerConcurrency, 4);
    assert.equal(spec.serviceAccountName, 'coppice-run@my-project.iam.gserviceaccount.com');
    assert.ok(spec.containers[0].image.endsWith(cloud.state.images[`${region}-docker.pkg.dev/my-project/coppice/coppice-${name}:one`]));
  }
  assert.ok(!cloud.state.bindings.some(({ member }) => member === 'allUsers')); // not public unless asked for

  ok(cloud.script('teardown', '--yes'));
  const { services, repositories, accounts, images, bindings } = cloud.state;
  assert.deepEqual({ services, repositories, accounts, images }, { services: {}, repositories: {}, accounts: {}, images: {} });
  assert.deepEqual(bindings.filter(({ policy: on }) => on === 'my-project'), []);
  ok(cloud.script('teardown', '--yes')); // again: nothing is left to delete, and that is no failure
});

test('roll-back goes to the revision before, step by step, and deploy goes on from there', () => {
  const near = ['--region', 'europe-north1'];
  ok(cloud.script('setup', '--yes', ...near));
  for (const tag of ['one', 'two', 'three']) {
    ok(cloud.script('build', '--yes', '--base', base, '--tag', tag, ...near));
    ok(cloud.script('deploy', '--yes', '--tag', tag, ...near));
  }
  const serving = (name) => service(name).status.traffic;
  assert.deepEqual(serving('pruned'), [{ revisionName: 'coppice-pruned-00003-abc', percent: 100 }]);
  ok(cloud.script('rollback', '--yes', '--only', 'pruned', ...near));
  assert.deepEqual(serving('pruned'), [{ revisionName: 'coppice-pruned-00002-abc', percent: 100 }]);
  assert.deepEqual(serving('standard'), [{ revisionName: 'coppice-standard-00003-abc', percent: 100 }]);
  ok(cloud.script('rollback', '--yes', '--only', 'pruned', ...near));
  assert.deepEqual(serving('pruned'), [{ revisionName: 'coppice-pruned-00001-abc', percent: 100 }]);
  refused(cloud.script('rollback', '--yes', '--only', 'pruned', ...near), 2, /no revision before coppice-pruned-00001-abc/);
  ok(cloud.script('deploy', '--yes', '--tag', 'two', '--public', ...near));
  assert.deepEqual(serving('pruned'), [{ revisionName: 'coppice-pruned-00004-abc', percent: 100 }]);
  assert.equal(cloud.state.bindings.filter(({ member, role }) => member === 'allUsers' && role === 'roles/run.invoker').length, 2);
});

describe('before anything costs', () => {
  test('it asks, and no answer is a no', () => {
    for (const command of ['setup', 'deploy', 'teardown']) {
      refused(cloud.script(command, '--tag', 'one'), 1, /nothing was changed/);
    }
    assert.deepEqual(cloud.state.calls.filter((call) => !call.join(' ').startsWith('run regions list')), []);
    const yes = cloud.run(path.join(root, 'deploy/cloud-run.sh'), ['setup', '--project', 'my-project'], { input: 'y\n' });
    ok(yes);
    assert.match(yes.err, /0\.10 USD per GB/);
  });
  test('a dry run prints every command and runs none', () => {
    for (const command of ['setup', 'build', 'deploy', 'rollback', 'teardown']) {
      const { err } = ok(cloud.script(command, '--dry-run', '--tag', 'one', '--base', base, '--region', 'europe-north1'));
      assert.match(err, /^\+ gcloud /m, command);
      // What it prints, gcloud would take: with a file where it names one.
      for (const line of err.matchAll(/^\+ gcloud (.*)$/gm)) assert.doesNotMatch(line[1], /@[A-Z_]+@/);
    }
    assert.equal(cloud.state, null);
  });
});

test('what is missing is said, and gcloud failing ends the script', () => {
  refused(cloud.script('build', '--yes', '--tag', 'one'), 2, /--base is needed/);
  refused(cloud.script('build', '--yes', '--tag', 'one', '--base', base), 1, /API \[cloudbuild\.googleapis\.com\] not enabled/);
  refused(cloud.script('deploy', '--yes', '--tag', 'one'), 1, /NOT_FOUND/);
  ok(cloud.script('setup', '--yes'));
  refused(cloud.script('deploy', '--yes', '--tag', 'never-built'), 1, /image .*never-built was not found/);
  refused(cloud.script('status'), 1, /Cannot find service/);
});

test('arguments that end up in addresses are checked', () => {
  const script = (...args) => cloud.run(path.join(root, 'deploy/cloud-run.sh'), args);
  refused(script(), 2, /COMMAND --project/);
  refused(script('dance', '--project', 'my-project'), 2, /no command "dance"/);
  refused(script('setup'), 2, /--project: expected/);
  for (const [option, value] of [
    ['--project', 'My Project'], ['--region', 'europe'], ['--region', 'x;rm'], ['--near', '$(id)'], ['--base', 'debian:12'],
    ['--base', 'debian@sha256:abc'], ['--tag', 'a b'], ['--tag', '|'], ['--concurrency', '0'], ['--concurrency', '1001'],
    ['--max-instances', '-1'], ['--only', 'both'], ['--only', ''],
  ]) {
    refused(cloud.script('setup', '--yes', option, value), 2, new RegExp(`${option}: `));
  }
  refused(cloud.script('setup', '--regoin', 'x'), 2, /no option "--regoin"/);
  assert.equal(cloud.state, null);
  assert.match(ok(script('--help')).out, /roll/);
});

describe('the fake gcloud', () => {
  // A fake that takes anything would make the tests above worthless.
  for (const [what, args, text] of [
    ['an unknown command', ['run', 'services', 'dance'], /Invalid choice/],
    ['an unknown flag', ['run', 'services', 'describe', 'x', '--regoin', 'y'], /unrecognized arguments: --regoin/],
    ['a flag of another command', ['services', 'enable', 'x', '--region', 'y'], /unrecognized arguments: --region/],
    ['a value left out', ['run', 'services', 'describe', 'x', '--region'], /expected one argument/],
    ['a choice that is none', ['builds', 'submit', '.', '--default-buckets-behavior', 'x'], /Invalid choice: 'x'/],
    ['a prompt', ['iam', 'service-accounts', 'delete', 'x'], /would ask/],
    ['what is not there', ['run', 'services', 'describe', 'x', '--region', 'y'], /Cannot find service/],
    ['a service that is not switched on', ['artifacts', 'repositories', 'create', 'x', '--location', 'y', '--project', 'z', '--repository-format', 'docker'], /not enabled/],
  ]) {
    test(`refuses ${what}`, () => {
      const result = cloud.gcloud(...args);
      assert.notEqual(result.code, 0);
      assert.match(result.err, text);
    });
  }
});

test('scripts pass shellcheck', { skip: spawnSync('shellcheck', ['--version']).error ? 'shellcheck is not installed' : false }, () => {
  const { status, stdout } = spawnSync('shellcheck', ['deploy/cloud-run.sh', 'deploy/image-root.sh'], { cwd: root, encoding: 'utf8' });
  assert.equal(status, 0, stdout);
});
