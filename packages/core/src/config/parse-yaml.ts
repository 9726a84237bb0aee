import { escapeRemote, type GantryError, type Op } from '@gantry/oci';
import {
  isAlias,
  isMap,
  isNode,
  isPair,
  isScalar,
  LineCounter,
  type Node,
  parseDocument,
  type Scalar,
  visit,
  type YAMLMap,
} from 'yaml';
import { type CoreErrorCode, coreError } from '../core-errors.ts';
import { coreLimits } from '../core-limits.ts';
import { tooDeepAt } from './yaml-nesting.ts';

/** A path into a document: keys and positions. */
export type DocumentPath = readonly (string | number)[];

/** A YAML document as plain data, and where things stand in it. */
export interface ParsedYaml {
  /** JSON-like values; the objects of it hold no `__proto__`. */
  readonly value: unknown;
  /** Line, from 1, of what stands at a path, or of the nearest thing around it. */
  lineOf(path: DocumentPath): number;
}

/**
 * Parses one YAML 1.2 document that says the same to every reader: no tags, no duplicate or complex keys, no `__proto__`,
 * no inexact or infinite numbers, one document, bounded depth and bounded use of aliases. This module is imported only when
 * there is a file. Throws `CONFIG_INVALID` with file and line.
 */
export function parseYaml(file: string, text: string, op?: Op): ParsedYaml {
  const lines = new LineCounter();
  const lineAt = (offset: number | undefined): number => lines.linePos(offset ?? 0).line || 1;
  const invalid = (offset: number | undefined, problem: string): GantryError<CoreErrorCode> =>
    coreError('CONFIG_INVALID', `${file}:${lineAt(offset)}: ${problem}`, { details: { file, line: lineAt(offset) } });

  const depth = coreLimits(op, 'configDepth');
  const tooDeep = tooDeepAt(text, depth);
  if (tooDeep !== undefined) {
    const line = text.slice(0, tooDeep).split('\n').length;
    throw coreError('CONFIG_INVALID', `${file}:${line}: nested deeper than ${depth}`, { details: { file, line } });
  }
  const document = parseDocument(text, {
    version: '1.2',
    schema: 'core',
    strict: true,
    // Compares every key with every other; duplicateKey below does not.
    uniqueKeys: false,
    stringKeys: true,
    merge: false,
    prettyErrors: false,
    lineCounter: lines,
  });
  const [error] = [...document.errors, ...document.warnings];
  if (error !== undefined) throw invalid(error.pos[0], escapeRemote(error.message.toLowerCase()));
  // `%YAML 1.1` would change what plain words mean.
  if (document.directives?.yaml.version !== '1.2') throw invalid(0, 'expected YAML 1.2');

  visit(document, {
    Node: (_, node, path) => {
      const problem = nodeProblem(node);
      if (problem !== undefined) throw invalid(node.range?.[0], problem);
      if (path.filter((step) => isNode(step)).length > depth) {
        throw invalid(node.range?.[0], `nested deeper than ${depth}`);
      }
    },
    Map: (_, map) => {
      const duplicate = duplicateKey(map);
      if (duplicate !== undefined) throw invalid(duplicate.range?.[0], 'the key is there twice');
    },
    Pair: (_, pair) => {
      if (isScalar(pair.key) && pair.key.value === '__proto__') {
        throw invalid(pair.key.range?.[0], '"__proto__" is no key');
      }
    },
  });
  return {
    value: expanded(() => document.toJS({ maxAliasCount: coreLimits(op, 'configAliases') }), invalid),
    lineOf: (path) => lineAt(offsetOf(document.contents, path)),
  };
}

function nodeProblem(node: Node): string | undefined {
  if (isAlias(node)) return undefined;
  if (node.tag !== undefined) return `tags such as ${escapeRemote(node.tag, 40)} are not allowed`;
  if (!isScalar(node) || typeof node.value !== 'number') return undefined;
  if (!Number.isFinite(node.value)) return 'a number must be finite';
  return Number.isInteger(node.value) && !Number.isSafeInteger(node.value)
    ? 'a number is too large to be exact'
    : undefined;
}

/** The second of two equal keys. Keys are strings: the parser refuses others. */
function duplicateKey(map: YAMLMap): Scalar | undefined {
  const seen = new Set<unknown>();
  for (const { key } of map.items) {
    if (!isScalar(key)) continue;
    if (seen.has(key.value)) return key;
    seen.add(key.value);
  }
  return undefined;
}

/** Aliases are expanded within a budget, which the library reports as a ReferenceError. */
function expanded(
  toJs: () => unknown,
  invalid: (offset: number | undefined, problem: string) => GantryError<CoreErrorCode>,
): unknown {
  try {
    return toJs();
  } catch (error) {
    if (error instanceof ReferenceError) throw invalid(0, 'aliases are used too often');
    throw error;
  }
}

/** Where the key of the last step stands, else the deepest thing on the way that exists. */
function offsetOf(contents: unknown, path: DocumentPath): number | undefined {
  let node: unknown = contents;
  let offset = isNode(node) ? node.range?.[0] : undefined;
  for (const step of path) {
    if (isMap(node)) {
      const pair = node.items.find((item) => isPair(item) && isScalar(item.key) && item.key.value === step);
      if (pair === undefined) return offset;
      if (isScalar(pair.key)) offset = pair.key.range?.[0] ?? offset;
      node = pair.value;
    } else if (typeof step === 'number' && isNode(node) && 'items' in node) {
      node = (node.items as unknown[])[step];
      if (isNode(node)) offset = node.range?.[0] ?? offset;
    } else {
      return offset;
    }
  }
  return offset;
}
