// The published schemas: they compile, they take every record and manifest of this repository, and of the documents of
// documents.json they take and refuse what the table says. tests/unit/records/schemas_test.cpp asks the C++ reader the same.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import test, { describe } from 'node:test';
import { fileURLToPath } from 'node:url';

import Ajv from 'ajv/dist/2020.js';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const folder = path.join(root, 'docs/schemas');
const read = (file) => JSON.parse(readFileSync(file, 'utf8'));

const ajv = new Ajv({ strict: true, allowUnionTypes: true, strictRequired: false, allErrors: true });
const files = readdirSync(folder).filter((name) => name.endsWith('.schema.json'));
for (const name of files) ajv.addSchema(read(path.join(folder, name)));
const validator = (name) => ajv.getSchema(`https://coppice.example/schemas/${name}.schema.json`);
const validators = { record: validator('run-record'), manifest: validator('manifest'), catalog: validator('catalog'), lifecycle: validator('lifecycle') };

// RFC 6902, as far as the table uses it: what nlohmann_json does on the other side.
function patched(document, patch = []) {
  const result = structuredClone(document);
  for (const { op, path: pointer, value } of patch) {
    const keys = pointer.slice(1).split('/');
    const last = keys.pop();
    const parent = keys.reduce((at, key) => at[key], result);
    if (op === 'remove') {
      assert.ok(last in parent, `${pointer} is not there to be removed`);
      Array.isArray(parent) ? parent.splice(Number(last), 1) : delete parent[last];
    } else if (Array.isArray(parent) && op === 'add') {
      last === '-' ? parent.push(value) : parent.splice(Number(last), 0, value);
    } else {
      if (op === 'replace') assert.ok(last in parent, `${pointer} is not there to be replaced`);
      parent[last] = value;
    }
  }
  return result;
}

function filesBelow(at) {
  return readdirSync(at, { withFileTypes: true }).flatMap((entry) => {
    const file = path.join(at, entry.name);
    return entry.isDirectory() ? filesBelow(file) : [file];
  });
}

const table = read(path.join(root, 'tests/schemas/documents.json'));

describe('the table of documents', () => {
  for (const { base, what, patch, verdict } of table.rows) {
    test(`${base}: ${what}`, () => {
      const validate = validators[base];
      const taken = validate(patched(table.bases[base], patch));
      const expected = ['good', 'reader alone'].includes(verdict);
      assert.equal(taken, expected, JSON.stringify(validate.errors));
    });
  }
});

describe('the files of this repository', () => {
  const known = [...filesBelow(path.join(root, 'models')), ...filesBelow(path.join(root, 'docs/records'))];
  const kinds = {
    record: known.filter((file) => path.basename(path.dirname(file)) === 'runs' && file.endsWith('.json')),
    manifest: known.filter((file) => path.basename(file) === 'manifest.json'),
    catalog: known.filter((file) => path.basename(file) === 'catalog.json'),
  };
  for (const [kind, some] of Object.entries(kinds)) {
    test(`every ${kind} is as its schema says`, () => {
      assert.ok(some.length > 0);
      for (const file of some) {
        const validate = validators[kind];
        assert.ok(validate(read(file)), `${path.relative(root, file)}: ${JSON.stringify(validate.errors)}`);
      }
    });
  }
});

describe('the schemas', () => {
  test('are named by the page that lists them, and it names no other', () => {
    const named = new Set([...readFileSync(path.join(folder, 'README.md'), 'utf8').matchAll(/`([a-z-]+\.schema\.json)`/g)].map(([, name]) => name));
    assert.deepEqual([...named].sort(), [...files].sort());
  });

  test('say the unit of every number that has one', () => {
    // Numbers without a unit: counts, scores, ids, settings.
    const missing = [];
    const walk = (schema, at) => {
      for (const [name, member] of Object.entries(schema.properties ?? {})) {
        const unit = name.match(/_(seconds|milliseconds|bytes|percent|g_per_kwh)$/);
        if (unit && !('$ref' in member) && !/seconds|Seconds|Milliseconds|Bytes|bytes|Percent|Grams/.test(member.description ?? '')) missing.push(`${at}/${name}`);
        walk(member, `${at}/${name}`);
        walk(member.items ?? {}, `${at}/${name}[]`);
      }
      for (const [name, member] of Object.entries(schema.$defs ?? {})) walk(member, `${at}#${name}`);
    };
    for (const name of files) walk(read(path.join(folder, name)), name);
    assert.deepEqual(missing, []);
  });

  test('are the ones that this test has read', () => {
    for (const [name, validate] of Object.entries(validators)) assert.ok(validate, name);
    assert.ok(existsSync(path.join(root, 'shared/records/run_record.h')));
  });
});
