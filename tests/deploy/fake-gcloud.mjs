// A stand-in for gcloud, put first in PATH by the tests. It takes the commands of deploy/ with the flags that the real
// gcloud knows (gcloud-flags.json, recorded from an installed one), refuses everything else in gcloud's words, and keeps
// the state of a project in FAKE_GCLOUD_STATE, so that what was made can be found, served, rolled back and deleted.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

// Only where a file is read: most calls are made for their exit code, and a start of node is what they cost.
const parse = async (text) => (await import('yaml')).parse(text);

const here = path.dirname(fileURLToPath(import.meta.url));
const known = JSON.parse(readFileSync(path.join(here, 'gcloud-flags.json'), 'utf8'));
const stateFile = process.env.FAKE_GCLOUD_STATE;
const state = existsSync(stateFile)
  ? JSON.parse(readFileSync(stateFile, 'utf8'))
  : { projects: {}, apis: [], repositories: {}, accounts: {}, images: {}, bindings: [], services: {}, calls: [] };

class Refused extends Error {}
const refuse = (text) => {
  throw new Refused(text);
};

// { name, flags, words } of an argument list, each flag checked by the real command's table.
function parseCall(args) {
  const words = [];
  const raw = [];
  for (let i = 0; i < args.length; ++i) {
    const arg = args[i];
    if (!arg.startsWith('--')) {
      words.push(arg);
      continue;
    }
    const [flag, ...rest] = arg.split('=');
    raw.push({ flag, value: rest.length > 0 ? rest.join('=') : undefined, at: words.length, index: i });
    // Whether the next word is its value depends on the command, which the words before it name.
    const type = typeOf(commandOf(words), flag);
    if (type === undefined) refuse(`(gcloud.${words.join('.')}) unrecognized arguments: ${flag}`);
    if (type !== 'bool' && rest.length === 0) {
      if (i + 1 >= args.length) refuse(`argument ${flag}: expected one argument`);
      raw.at(-1).value = args[++i];
    }
    if (type === 'bool' && rest.length > 0) refuse(`argument ${flag}: ignored explicit argument`);
    if (Array.isArray(type) && !type.includes(raw.at(-1).value)) refuse(`argument ${flag}: Invalid choice: '${raw.at(-1).value}'`);
  }
  const name = commandOf(words);
  if (!name) refuse(`Invalid choice: '${words.join(' ')}'`);
  const flags = {};
  for (const { flag, value } of raw) {
    if (flag in flags) refuse(`argument ${flag}: given twice`);
    flags[flag] = value ?? true;
  }
  return { name, flags, words: words.slice(name.split(' ').length) };
}

const commandOf = (words) =>
  Object.keys(known.commands)
    .filter((name) => name.split(' ').every((word, i) => words[i] === word))
    .sort((a, b) => b.length - a.length)[0];

// The completion table names a switch once; --no-X is the other side of it.
function typeOf(command, flag) {
  const flags = { ...known.global, ...(command ? known.commands[command] : {}) };
  return flags[flag] ?? (flag.startsWith('--no-') && flags[`--${flag.slice(5)}`] === 'bool' ? 'bool' : undefined);
}

const notFound = (what) => refuse(`NOT_FOUND: ${what} was not found`);
let call;
try {
  call = parseCall(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof Refused)) throw error;
  console.error(`ERROR: ${error.message}`);
  process.exit(2);
}
const { flags, words } = call;
const need = (...names) => {
  for (const name of names) if (!flags[name]) refuse(`argument ${name}: Must be specified`);
};
const arity = (count) => words.length === count || refuse(`${call.name}: expected ${count} positional arguments, got ${words.join(' ')}`);
const asks = () => flags['--quiet'] || refuse('this would ask "Do you want to continue (Y/n)?"');
const enabled = (api) => state.apis.includes(api) || refuse(`API [${api}] not enabled on project`);

const repositoryOf = (image) => {
  const found = image.match(/^([a-z0-9-]+)-docker\.pkg\.dev\/([^/]+)\/([^/]+)\/[^/]+$/);
  if (!found || found[2] !== flags['--project']) refuse(`"${image}" is not in a registry of this project`);
  return `${found[1]}/${found[3]}`;
};
const serviceKey = (name) => `${flags['--region']}/${name}`;
const serviceOf = (name) => state.services[serviceKey(name)] ?? refuse(`Cannot find service [${name}]`);
const accountOf = (email) => state.accounts[email] ?? notFound(`service account ${email}`);

// value(a.b,c[0].d): tab-separated; keys of lists by number.
function formatted(object, format) {
  if (format === 'json') return JSON.stringify(object, null, 2);
  const keys = format?.match(/^value\((.*)\)$/)?.[1].split(',') ?? refuse(`--format ${format}: not among those used here`);
  const at = (value, key) => key.replace(/\[(\d+)\]/g, '.$1').split('.').reduce((inner, part) => inner?.[part], value);
  return (Array.isArray(object) ? object : [object]).map((one) => keys.map((key) => at(one, key) ?? '').join('\t')).join('\n');
}
const show = (object) => console.log(formatted(object, flags['--format'] ?? 'json'));

function bind(policy, add) {
  need('--member', '--role');
  if (!/^roles\/[a-z]+\.[A-Za-z]+$/.test(flags['--role'])) refuse(`INVALID_ARGUMENT: role ${flags['--role']}`);
  const [kind, who] = flags['--member'].split(':');
  if (kind === 'serviceAccount' && add) accountOf(who);
  if (kind !== 'serviceAccount' && kind !== 'allUsers') refuse(`INVALID_ARGUMENT: member ${flags['--member']}`);
  const binding = { policy, member: flags['--member'], role: flags['--role'] };
  state.bindings = state.bindings.filter((other) => JSON.stringify(other) !== JSON.stringify(binding));
  if (add) state.bindings.push(binding);
}

async function replaceService() {
  const [file] = words;
  const text = readFileSync(file, 'utf8');
  if (/@[A-Z_]+@/.test(text)) refuse(`${file}: a placeholder was left: ${text.match(/@[A-Z_]+@/)[0]}`);
  const service = await parse(text);
  const { containers, serviceAccountName } = service.spec.template.spec;
  accountOf(serviceAccountName);
  const [image, digest] = containers[0].image.split('@');
  repositoryOf(image);
  if (!Object.entries(state.images).some(([tag, of]) => of === digest && tag.startsWith(`${image}:`))) notFound(`image ${containers[0].image}`);
  const key = serviceKey(service.metadata.name);
  const before = state.services[key]?.revisions ?? [];
  const revision = `${service.metadata.name}-${String(before.length + 1).padStart(5, '0')}-abc`;
  state.services[key] = {
    metadata: service.metadata,
    spec: service.spec,
    yaml: text,
    revisions: [{ metadata: { name: revision }, image: containers[0].image }, ...before],
    status: {
      url: process.env.FAKE_GCLOUD_URL ?? `https://${service.metadata.name}-0a1b2c3d4e-ew.a.run.app`,
      latestReadyRevisionName: revision,
      traffic: [{ revisionName: revision, percent: 100 }],
    },
  };
}

const commands = {
  'projects create': () => (arity(1), (state.projects[words[0]] = {})),
  'projects delete': () => (arity(1), asks(), state.projects[words[0]] ? delete state.projects[words[0]] : notFound(words[0])),
  'services enable': () => (need('--project'), state.apis.push(...words.filter((api) => !state.apis.includes(api)))),
  'artifacts repositories create': () => {
    arity(1), need('--location', '--project', '--repository-format'), enabled('artifactregistry.googleapis.com');
    const key = `${flags['--location']}/${words[0]}`;
    if (flags['--repository-format'] !== 'docker') refuse('INVALID_ARGUMENT: repository format');
    if (state.repositories[key]) refuse(`ALREADY_EXISTS: the repository ${key} already exists`);
    state.repositories[key] = { name: key };
  },
  'artifacts repositories describe': () => (arity(1), show(state.repositories[`${flags['--location']}/${words[0]}`] ?? notFound(words[0]))),
  'artifacts repositories delete': () => {
    arity(1), need('--location'), asks();
    const key = `${flags['--location']}/${words[0]}`;
    if (!state.repositories[key]) notFound(key);
    delete state.repositories[key];
    for (const image of Object.keys(state.images)) if (repositoryOf(image.split(':')[0]) === key) delete state.images[image];
  },
  'artifacts repositories set-cleanup-policies': () => {
    arity(1), need('--location', '--policy');
    const policy = JSON.parse(readFileSync(flags['--policy'], 'utf8'));
    for (const rule of policy) {
      if (!rule.name || !['Keep', 'Delete'].includes(rule.action?.type)) refuse('INVALID_ARGUMENT: clean-up policy');
      if (!rule.condition === !rule.mostRecentVersions) refuse('INVALID_ARGUMENT: a policy has a condition or mostRecentVersions');
      if (rule.condition?.olderThan && !/^\d+[smhd]$/.test(rule.condition.olderThan)) refuse('INVALID_ARGUMENT: olderThan');
    }
    (state.repositories[`${flags['--location']}/${words[0]}`] ?? notFound(words[0])).policy = { rules: policy, dryRun: !flags['--no-dry-run'] };
  },
  'artifacts repositories add-iam-policy-binding': () => (arity(1), need('--location'), bind(`${flags['--location']}/${words[0]}`, true)),
  'artifacts docker images describe': () => {
    arity(1);
    const digest = state.images[words[0]] ?? notFound(`image ${words[0]}`);
    show({ image_summary: { digest } });
  },
  'iam service-accounts create': () => {
    arity(1), need('--project');
    if (!/^[a-z][a-z0-9-]{4,28}[a-z0-9]$/.test(words[0])) refuse('INVALID_ARGUMENT: account id');
    const email = `${words[0]}@${flags['--project']}.iam.gserviceaccount.com`;
    if (state.accounts[email]) refuse('ALREADY_EXISTS');
    state.accounts[email] = { name: email };
  },
  'iam service-accounts describe': () => (arity(1), show(accountOf(words[0]))),
  'iam service-accounts delete': () => (arity(1), asks(), accountOf(words[0]), delete state.accounts[words[0]]),
  'projects add-iam-policy-binding': () => (arity(1), flags['--condition'] ?? refuse('this would ask which condition'), bind(words[0], true)),
  'projects remove-iam-policy-binding': () => (arity(1), bind(words[0], false)),
  'builds submit': async () => {
    arity(1), need('--config', '--region', '--substitutions'), enabled('cloudbuild.googleapis.com');
    const config = await parse(readFileSync(flags['--config'], 'utf8'));
    const given = Object.fromEntries(flags['--substitutions'].split(',').map((pair) => pair.split(/=(.*)/s)));
    const wanted = new Set([...JSON.stringify(config).matchAll(/\$\{(_[A-Z]+)\}/g)].map(([, name]) => name));
    if (JSON.stringify([...wanted].sort()) !== JSON.stringify(Object.keys(given).sort())) refuse('INVALID_ARGUMENT: substitutions do not match');
    accountOf(flags['--service-account']?.split('/').pop());
    if (config.options?.logging !== 'CLOUD_LOGGING_ONLY') refuse('INVALID_ARGUMENT: a service account of your own needs a logging option');
    for (const file of [config.steps[0].args.find((arg) => arg.startsWith('--file=')).slice(7), '.gcloudignore']) {
      if (!existsSync(path.join(words[0], file))) refuse(`${file} is not among the sources`);
    }
    const [image] = given._IMAGE.split(':');
    if (!state.repositories[repositoryOf(image)]) notFound(`repository of ${image}`);
    state.images[given._IMAGE] = `sha256:${createHash('sha256').update(JSON.stringify(given)).digest('hex')}`;
  },
  'run regions list': () => (enabledOrListed(), show(['europe-north1', 'europe-west1', 'europe-west9', 'us-central1', 'northamerica-northeast1'].map((locationId) => ({ locationId })))),
  'run services replace': async () => (arity(1), need('--region'), enabled('run.googleapis.com'), await replaceService()),
  'run services describe': () => (arity(1), need('--region'), show(serviceOf(words[0]))),
  'run services delete': () => (arity(1), need('--region'), asks(), serviceOf(words[0]), delete state.services[serviceKey(words[0])]),
  'run services add-iam-policy-binding': () => (arity(1), need('--region'), serviceOf(words[0]), bind(serviceKey(words[0]), true)),
  'run services update-traffic': () => {
    arity(1), need('--region', '--to-revisions');
    const service = serviceOf(words[0]);
    const [revision, percent] = flags['--to-revisions'].split('=');
    if (!service.revisions.some(({ metadata }) => metadata.name === revision)) notFound(`revision ${revision}`);
    service.status.traffic = [{ revisionName: revision, percent: Number(percent) }];
  },
  'run revisions list': () => {
    arity(0), need('--region', '--service');
    if (flags['--sort-by'] !== '~metadata.creationTimestamp') refuse('the order is not asked for');
    show(serviceOf(flags['--service']).revisions);
  },
  'auth print-identity-token': () => console.log('a-token'),
  'billing projects link': () => {
    arity(1), need('--billing-account');
    if (!/^[0-9A-F]{6}-[0-9A-F]{6}-[0-9A-F]{6}$/.test(flags['--billing-account'])) refuse('INVALID_ARGUMENT: billing account');
    (state.projects[words[0]] ?? notFound(words[0])).billing = true;
  },
};

// Regions can be listed before anything is switched on.
function enabledOrListed() {
  arity(0), need('--project');
}

try {
  state.calls.push(process.argv.slice(2));
  await (commands[call.name] ?? (() => refuse(`${call.name}: not made for these tests`)))();
  writeFileSync(stateFile, JSON.stringify(state, null, 1));
} catch (error) {
  if (!(error instanceof Refused)) throw error;
  console.error(`ERROR: (gcloud.${call.name.replaceAll(' ', '.')}) ${error.message}`);
  process.exitCode = 1;
}
