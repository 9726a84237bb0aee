import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ociError } from '@gantry/oci';
import { errorFacts, failureLines, type PluginReport } from './plugin-report.ts';

function failed(name: string, message: string, more: Partial<PluginReport> = {}, hint?: string): PluginReport {
  const error = { code: 'X', message, ...(hint !== undefined && { hint }) };
  return { package: name, key: name, state: 'failed', signer: null, bytes: 0, seconds: 0, error, ...more };
}

/** The lines between the first and the last, which are the original's. */
function linesOf(...plugins: readonly PluginReport[]): readonly string[] {
  return failureLines({ plugins }).slice(1, -1);
}

test('failures name package, problem and place once each, and what to do', () => {
  const place = 'dynamic-plugins.yaml:4';
  for (const [name, message, expected] of [
    ['oci://r/a:1!p', 'cannot connect to r', `  - oci://r/a:1!p: cannot connect to r (${place})`],
    ['oci://r/a:1!p', 'r/a:1!p: no such directory', `  - oci://r/a:1!p: no such directory (${place})`],
    ['a@1.0.0', 'a@1.0.0: hash differs (dynamic-plugins.yaml:5)', '  - a@1.0.0: hash differs (dynamic-plugins.yaml:5)'],
    ['a@1.0.0', `odd (${place}, plugins[0].package)`, `  - a@1.0.0: odd (${place}, plugins[0].package)`],
  ] as const) {
    assert.deepEqual(linesOf(failed(name, message, { place }, 'do it')), [expected, '    hint: do it']);
  }
  assert.deepEqual(linesOf(failed('a', 'unforeseen')), ['  - a: unforeseen']);
});

test('a hint that several failures in a row share is given after the last of them', () => {
  assert.deepEqual(
    linesOf(
      failed('a', 'down', {}, 'check the network'),
      failed('b', 'down', {}, 'check the network'),
      failed('c', 'gone', {}, 'check the tag'),
    ),
    ['  - a: down', '  - b: down', '    hint: check the network', '  - c: gone', '    hint: check the tag'],
  );
  assert.deepEqual(failureLines({ plugins: [] }), []);
});

test('credentials are a matter of mounted files, not of logging in; other hints stay', () => {
  assert.match(errorFacts(ociError('REGISTRY_UNAUTHORIZED', 'status 401')).hint ?? '', /REGISTRY_AUTH_FILE/);
  assert.equal(errorFacts(ociError('REGISTRY_UNAUTHORIZED', 'status 401', { hint: 'own' })).hint, 'own');
  assert.equal(errorFacts(new Error('x')).hint, undefined);
});
