import { join } from 'node:path';
import { escapeRemote, ociError } from '@gantry/oci';
import { coreError } from '../core-errors.ts';
import { type FileSystem, openFlags } from '../files/file-system.ts';
import type { PluginKind, ResolvedPlugin } from '../plugin/plugin.ts';
import { classifyFile, type FileClass } from '../source/magic.ts';
import type { ContentRecord, InstalledFile } from './content-record.ts';

/** What a plugin turned out to be, and the file that runs. */
export interface SettledKind {
  readonly kind: PluginKind;
  readonly entry: InstalledFile | undefined;
}

/** Kinds that run one file, in the order in which they are looked for. */
const RUNNABLE = ['executable', 'wasm', 'library'] as const;
type Runnable = (typeof RUNNABLE)[number];

/**
 * Decides what installed content is, from what the user said, else from what its documents claim, else from its bytes.
 * Whatever was said or claimed, the bytes must agree: `CONTENT_TYPE_MISMATCH`. `CONTENT_KIND_UNKNOWN` when nothing
 * answers, or when several files could be the one that runs; `CONTENT_NOT_FOUND` when `!path` is not there.
 */
export function settleKind(
  plugin: ResolvedPlugin,
  record: ContentRecord,
  tree: string,
  fileSystem: FileSystem,
): SettledKind {
  const classOf = classifier(tree, fileSystem);
  const expected = plugin.kind;
  if (plugin.entryPath !== undefined) return named(plugin, plugin.entryPath, record, classOf);
  if (record.files.length === 0) throw coreError('CONTENT_KIND_UNKNOWN', `${plugin.reference} holds no file`);
  if (expected === 'files') return { kind: 'files', entry: undefined };
  if (expected === 'node') return nodePackage(plugin, record);
  const raw = record.raw.flatMap((path) => record.files.find((file) => file.path === path) ?? []);
  if (raw.length > 0) return rawPlugin(plugin, raw, expected, classOf);
  return treePlugin(plugin, record, expected, classOf);
}

type ClassOf = (file: InstalledFile) => FileClass;

/** The user pointed at the file. */
function named(plugin: ResolvedPlugin, path: string, record: ContentRecord, classOf: ClassOf): SettledKind {
  const entry = record.files.find((file) => file.path === path);
  if (entry === undefined) {
    throw ociError('CONTENT_NOT_FOUND', `${plugin.reference}: there is no file ${escapeRemote(path)} in it`, {
      details: { reference: plugin.reference, path },
      hint: 'check the path after the !',
    });
  }
  const found = classOf(entry);
  const kind = RUNNABLE.find((candidate) => candidate === found);
  if (kind === undefined) throw mismatch(plugin, plugin.kind ?? 'a file that runs', entry.path, found);
  if (plugin.kind !== undefined && plugin.kind !== kind) throw mismatch(plugin, plugin.kind, entry.path, found);
  return { kind, entry };
}

function nodePackage(plugin: ResolvedPlugin, record: ContentRecord): SettledKind {
  if (record.files.some((file) => /(?:^|\/)package\.json$/.test(file.path))) return { kind: 'node', entry: undefined };
  throw ociError('CONTENT_TYPE_MISMATCH', `${plugin.reference}: expected a Node package, found no package.json`, {
    details: { reference: plugin.reference, expected: 'node' },
  });
}

/** Layers that are files: the first that fits, as the original systems take it. */
function rawPlugin(
  plugin: ResolvedPlugin,
  raw: readonly InstalledFile[],
  expected: Runnable | undefined,
  classOf: ClassOf,
): SettledKind {
  for (const entry of raw) {
    const found = classOf(entry);
    const kind = RUNNABLE.find((candidate) => candidate === found);
    if (kind !== undefined && (expected === undefined || expected === kind)) return { kind, entry };
  }
  const first = raw[0];
  if (expected !== undefined && first !== undefined) throw mismatch(plugin, expected, first.path, classOf(first));
  throw coreError('CONTENT_KIND_UNKNOWN', `${plugin.reference}: its bytes are no kind of plugin`, {
    details: { reference: plugin.reference },
  });
}

/** A tree: a Node package by its `package.json`, else the only file of its kind. */
function treePlugin(
  plugin: ResolvedPlugin,
  record: ContentRecord,
  expected: Runnable | undefined,
  classOf: ClassOf,
): SettledKind {
  const isPackage = record.files.some((file) => file.path === 'package.json' || file.path === 'package/package.json');
  if (expected === undefined && isPackage) return { kind: 'node', entry: undefined };
  const classes = record.files.map((file) => ({ file, found: classOf(file) }));
  for (const kind of expected === undefined ? RUNNABLE : [expected]) {
    const fitting = classes.filter(({ found }) => found === kind);
    const [only] = fitting;
    if (only !== undefined && fitting.length === 1) return { kind, entry: only.file };
    if (only !== undefined && expected !== undefined) throw ambiguous(plugin, kind, fitting.length);
  }
  if (expected === undefined) return { kind: 'files', entry: undefined };
  throw ociError('CONTENT_TYPE_MISMATCH', `${plugin.reference}: expected ${expected}, found no such file in it`, {
    details: { reference: plugin.reference, expected },
  });
}

function ambiguous(plugin: ResolvedPlugin, kind: Runnable, count: number): Error {
  return coreError('CONTENT_KIND_UNKNOWN', `${plugin.reference}: ${count} files of it are ${kind}`, {
    details: { reference: plugin.reference, kind, found: count },
    hint: 'name the file that runs: REFERENCE!path/in/it',
  });
}

function mismatch(plugin: ResolvedPlugin, expected: string, path: string, found: FileClass): Error {
  return ociError(
    'CONTENT_TYPE_MISMATCH',
    `${plugin.reference}: expected ${expected}, but ${escapeRemote(path)} is ${found === 'other' ? 'something else' : found}`,
    { details: { reference: plugin.reference, expected, found } },
  );
}

/** Reads the few bytes of a staged file that tell what it is. */
function classifier(tree: string, fileSystem: FileSystem): ClassOf {
  return (file) => {
    const fd = fileSystem.open(join(tree, file.path), openFlags.read);
    try {
      return classifyFile((position, length) => {
        const buffer = new Uint8Array(Math.min(length, Math.max(0, file.size - position)));
        return buffer.length === 0 ? buffer : buffer.subarray(0, fileSystem.read(fd, buffer, position));
      });
    } finally {
      fileSystem.close(fd);
    }
  };
}
