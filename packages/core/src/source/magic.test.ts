import assert from 'node:assert/strict';
import { closeSync, openSync, readSync } from 'node:fs';
import { test } from 'node:test';
import { classifyFile, classifyHead, type FileClass, HEAD_BYTES, type ReadAt } from './magic.ts';
import { elf, fatMach, pe, thinMach } from './native-file.fixture.ts';

function readAtOf(bytes: Uint8Array): ReadAt {
  return (position, length) => bytes.subarray(position, position + length);
}

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

const CASES: readonly (readonly [name: string, bytes: Uint8Array, expected: FileClass])[] = [
  ['ELF ET_EXEC', elf({ type: 2 }), 'executable'],
  ['ELF with an interpreter', elf({ type: 3, segments: ['interp'] }), 'executable'],
  ['ELF static PIE', elf({ type: 3, segments: ['dynamic'], pie: true }), 'executable'],
  ['ELF shared object', elf({ type: 3, segments: ['dynamic'] }), 'library'],
  ['ELF shared object without segments', elf({ type: 3 }), 'library'],
  ['ELF 32 bit static PIE', elf({ type: 3, segments: ['dynamic'], pie: true, bits: 32 }), 'executable'],
  ['ELF 32 bit shared object', elf({ type: 3, segments: ['dynamic'], bits: 32 }), 'library'],
  ['ELF big endian with an interpreter', elf({ type: 3, segments: ['interp'], little: false }), 'executable'],
  ['ELF object file', elf({ type: 1 }), 'other'],
  ['ELF that ends in its header', elf({ type: 2 }).subarray(0, 20), 'other'],
  ['ELF whose table lies outside', elf({ type: 3, segments: ['interp'], tableAt: 1 << 30 }), 'other'],
  ['ELF of no known class', text('\x7fELF\x09\x09 and nothing else'), 'other'],
  ['Mach-O executable', thinMach(2), 'executable'],
  ['Mach-O library', thinMach(6), 'library'],
  ['Mach-O bundle', thinMach(8), 'library'],
  ['Mach-O object', thinMach(1), 'other'],
  ['fat Mach-O library', fatMach(6), 'library'],
  ['Java class file', Uint8Array.of(0xca, 0xfe, 0xba, 0xbe, 0, 0, 0, 61, ...new Uint8Array(40)), 'other'],
  ['PE executable', pe(0x0002), 'executable'],
  ['PE library', pe(0x2002), 'library'],
  ['DOS text that begins with MZ', text('MZ is a nice pair of letters'), 'other'],
  ['script', text('#!/bin/sh\necho\n'), 'executable'],
  ['Wasm', Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0), 'wasm'],
  ['gzip', Uint8Array.of(0x1f, 0x8b, 8, 0), 'gzip'],
  ['zstd', Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd), 'zstd'],
  ['zip', text('PK\x03\x04....'), 'zip'],
  ['HTML', text('<!DOCTYPE html><html>'), 'html'],
  ['HTML after a mark and space', text('\ufeff \n<HTML lang="en">'), 'html'],
  ['XML', text('<?xml version="1.0"?><a/>'), 'other'],
  ['JSON', text('{}'), 'other'],
  ['nothing', new Uint8Array(), 'empty'],
];

test('D12: files are told apart by their bytes', () => {
  for (const [name, bytes, expected] of CASES) assert.equal(classifyFile(readAtOf(bytes)), expected, name);
});

test('D12: truncated at any byte, a file is still classified without an error', () => {
  for (const [name, bytes] of CASES) {
    for (let length = 0; length < bytes.length; length++) {
      assert.doesNotThrow(() => classifyFile(readAtOf(bytes.subarray(0, length))), `${name} cut at ${length}`);
    }
  }
});

test('the head alone tells raw native files from archives', () => {
  for (const [name, bytes, expected] of CASES) {
    if (expected !== 'executable' && expected !== 'library') continue;
    assert.equal(classifyHead(bytes.subarray(0, HEAD_BYTES)), 'executable', name);
  }
  assert.equal(classifyHead(text('plugin/\0\0\0\0 a tar header')), 'other');
});

test('the Node that runs this test is an executable', () => {
  const fd = openSync(process.execPath, 'r');
  try {
    const readAt: ReadAt = (position, length) => {
      const buffer = new Uint8Array(length);
      return buffer.subarray(0, readSync(fd, buffer, 0, length, position));
    };
    assert.equal(classifyFile(readAt), 'executable');
  } finally {
    closeSync(fd);
  }
});
