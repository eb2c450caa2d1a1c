// Manifests against the schema of the fields that are used (schemas/service.schema.json).
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import Ajv from 'ajv';

const here = path.dirname(fileURLToPath(import.meta.url));
const ajv = new Ajv({ allErrors: true, strict: true });
const validate = ajv.compile(JSON.parse(readFileSync(path.join(here, 'schemas/service.schema.json'), 'utf8')));

// ["/spec/template/...: must be ...", ...]
export function serviceFaults(document) {
  return validate(document) ? [] : validate.errors.map(({ instancePath, message, params }) => `${instancePath}: ${message} ${JSON.stringify(params)}`);
}
