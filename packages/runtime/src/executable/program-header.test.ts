import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isGantryError } from '@gantry/oci';
import { assertProgram } from './program-header.ts';

/** The head of an ELF file: class and order of the machine's number, then the number. */
function elf(machine: number, bigEndian = false): Buffer {
  const head = Buffer.alloc(64);
  head.write('\x7fELF', 'latin1');
  head[5] = bigEndian ? 2 : 1;
  if (bigEndian) head.writeUInt16BE(machine, 18);
  else head.writeUInt16LE(machine, 18);
  return head;
}

test('what the system executes by itself is a program, for this processor', () => {
  assertProgram('p', Buffer.from('#!/bin/sh\n'));
  assertProgram('p', Buffer.from('4d5a9000', 'hex'));
  assertProgram('p', Buffer.from('cffaedfe', 'hex'));
  assertProgram('p', elf(62), 'x64');
  assertProgram('p', elf(183), 'arm64');
  assertProgram('p', elf(22, true), 's390x');
  assertProgram('p', elf(4711), 'a processor we know no number of');
  for (const [head, architecture] of [
    [elf(183), 'x64'],
    [elf(62), 'arm64'],
    [Buffer.from('\x7fELF', 'latin1'), 'x64'],
    [Buffer.from('echo'), 'x64'],
    [Buffer.alloc(0), 'x64'],
  ] as const) {
    assert.throws(
      () => assertProgram('p', head, architecture),
      (error) => isGantryError(error) && error.code === 'RUNTIME_NOT_STARTED',
    );
  }
});
