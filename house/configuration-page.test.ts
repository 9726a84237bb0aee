import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { configJsonSchema, loadConfig } from '@gantry/core';
import { tempDir } from '@gantry/testkit';
import { repository } from './packages.ts';
import { allLimitTables } from './tables.ts';

const page = readFileSync(join(repository, 'docs', 'configuration.md'), 'utf8');
const examples = [...page.matchAll(/^```yaml\n([\s\S]*?)^```/gm)].map(([, text = '']) => text);

test('every example of the configuration page is accepted', async (t) => {
  assert.ok(examples.length > 0, 'the page has no example');
  for (const [index, text] of examples.entries()) {
    const directory = await tempDir(t);
    const file = join(directory, `example-${index}.yaml`);
    await writeFile(file, text);
    await writeKeys(directory, text);
    const { file: loaded } = await loadConfig({ flag: file, limits: allLimitTables() });
    assert.equal(loaded, file);
  }
});

test('the configuration page names every field and shows each in its examples', async () => {
  // The limits have a page of their own, which is generated.
  const fields = fieldsOf({ ...(await configJsonSchema([])) });
  assert.ok(fields.has('schemaVersion') && fields.has('timeout'), [...fields].join());
  const yaml = examples.join('\n');
  assert.deepEqual(
    [...fields].filter((field) => !page.includes(`| \`${field}\` |`)),
    [],
    'no row of a table',
  );
  assert.deepEqual(
    [...fields].filter((field) => !new RegExp(`\\b${field}:`).test(yaml)),
    [],
    'in no example',
  );
});

test('the configuration page names every value that a field can have', async () => {
  const values = enumsOf({ ...(await configJsonSchema([])) });
  assert.ok(values.has('chunked'), [...values].join());
  assert.deepEqual(
    [...values].filter((value) => !page.includes(`\`${value}\``)),
    [],
  );
});

/** Public keys are read with the configuration, so the files that an example names have to be there. */
async function writeKeys(directory: string, text: string): Promise<void> {
  for (const [, path = ''] of text.matchAll(/file: ([^\s},]+\.pub)/g)) {
    const { publicKey } = generateKeyPairSync('ed25519');
    await mkdir(dirname(join(directory, path)), { recursive: true });
    await writeFile(join(directory, path), publicKey.export({ type: 'spki', format: 'pem' }));
  }
}

/** Names of the properties anywhere in a JSON schema. */
function fieldsOf(schema: unknown): Set<string> {
  return collect(schema, ({ properties }) => Object.keys(properties ?? {}));
}

/** Values of the enumerations anywhere in a JSON schema. */
function enumsOf(schema: unknown): Set<string> {
  return collect(schema, ({ enum: values }) => (Array.isArray(values) ? values.map(String) : []));
}

function collect(node: unknown, pick: (schema: Readonly<Record<string, object>>) => readonly string[]): Set<string> {
  if (typeof node !== 'object' || node === null) return new Set();
  const own = Array.isArray(node) ? [] : pick(node as Record<string, object>);
  return new Set([...own, ...Object.values(node).flatMap((below) => [...collect(below, pick)])]);
}
