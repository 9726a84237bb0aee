import assert from 'node:assert/strict';
import { test } from 'node:test';
import { coreError } from '@gantry/core';
import { ociError } from '@gantry/oci';
import { exitCodeOf, worstExitCode } from './exit-code.ts';
import { Interrupted } from './interrupted.ts';

const store = coreError('STORE_FULL', 'x');
const reference = ociError('REFERENCE_INVALID', 'x');
const registry = ociError('REGISTRY_DENIED', 'x');
const content = ociError('CONTENT_DIGEST_MISMATCH', 'x');

test('each family of errors has its exit code', () => {
  const cases: readonly (readonly [unknown, number])[] = [
    [new Error('unforeseen'), 1],
    [store, 1],
    [coreError('INSTALL_NOT_FOUND', 'x'), 1],
    [coreError('INSTALL_NAME_TAKEN', 'x'), 2],
    [reference, 2],
    [coreError('CONFIG_INVALID', 'x'), 2],
    [registry, 3],
    [content, 4],
    [coreError('ARCHIVE_LIMIT', 'x'), 4],
    [coreError('POLICY_UNPINNED', 'x'), 4],
    [new Interrupted('SIGINT', 130), 130],
    [new Interrupted('SIGTERM', 143), 143],
  ];
  for (const [error, code] of cases) assert.equal(exitCodeOf(error), code, String(error));
});

test('of several failures 4 comes before 3 before 2 before 1', () => {
  assert.equal(worstExitCode([]), 0);
  assert.equal(worstExitCode([store, reference]), 2);
  assert.equal(worstExitCode([store, registry, reference]), 3);
  assert.equal(worstExitCode([registry, content, store]), 4);
  assert.equal(exitCodeOf(new AggregateError([registry, content])), 4);
  assert.equal(worstExitCode([content, new Interrupted('SIGINT', 130)]), 130);
});
