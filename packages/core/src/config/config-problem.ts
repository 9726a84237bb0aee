import { escapeRemote } from '@gantry/oci';
import * as z from 'zod';
import type { DocumentPath } from './parse-yaml.ts';
import { suggest } from './suggest.ts';

/** The first thing that is wrong with a document, and how many more things are. */
export interface Problem {
  readonly path: DocumentPath;
  readonly message: string;
  readonly more: number;
}

/** Says what the schema found wrong, in the document's own terms, with a suggestion for a key that is mistyped. */
export function firstProblem(schema: z.ZodType, error: z.ZodError, value: unknown): Problem {
  // A mistyped key is also a missing one: the first says more.
  const issues = error.issues.flatMap(meant);
  const issue = issues.find(({ code }) => code === 'unrecognized_keys') ?? issues[0];
  const more = issues.length - 1;
  const path = (issue?.path ?? []).map((step) => (typeof step === 'symbol' ? String(step) : step));
  if (issue?.code === 'unrecognized_keys') {
    const [key = ''] = issue.keys;
    const near = suggest(key, keysAt(z.toJSONSchema(schema, { io: 'input' }), path));
    const hint = near === undefined ? '' : `, did you mean "${near}"?`;
    return { path: [...path, key], message: `unknown key "${escapeRemote(key, 60)}"${hint}`, more };
  }
  if (issue?.code === 'invalid_key') {
    const [inner] = issue.issues;
    return { path, message: inner?.message ?? issue.message, more };
  }
  const found = valueAt(value, path);
  const shown = typeof found === 'string' ? `, found "${escapeRemote(found, 60)}"` : '';
  return { path, message: `${lowerFirst(issue?.message ?? 'invalid')}${shown}`, more };
}

/**
 * What is wrong with one thing, where one or a list of them is allowed: the problems of the alternative that was meant,
 * which is the one of the right type.
 */
function meant(issue: z.core.$ZodIssue): z.core.$ZodIssue[] {
  if (issue.code !== 'invalid_union') return [issue];
  const alternative = issue.errors.find((problems) => !problems.some(isOfOtherType));
  if (alternative !== undefined) {
    return alternative.flatMap((inner) => meant({ ...inner, path: [...issue.path, ...inner.path] }));
  }
  const types = issue.errors.flatMap((problems) => problems.filter(isOfOtherType).map(({ expected }) => expected));
  return types.length === 0 ? [issue] : [{ ...issue, message: `expected ${types.join(' or ')}` }];
}

function isOfOtherType(issue: z.core.$ZodIssue): issue is z.core.$ZodIssueInvalidType {
  return issue.code === 'invalid_type' && issue.path.length === 0;
}

function lowerFirst(message: string): string {
  return message.replace(/^Invalid input: /, '').replace(/^[A-Z]/, (letter) => letter.toLowerCase());
}

/** The keys that a JSON schema allows at a path. */
function keysAt(schema: unknown, path: DocumentPath): readonly string[] {
  let node: unknown = schema;
  for (const step of path) node = below(node, step);
  return alternatives(node).flatMap((schema) => {
    const properties = field(schema, 'properties');
    return typeof properties === 'object' && properties !== null ? Object.keys(properties) : [];
  });
}

function below(node: unknown, step: string | number): unknown {
  return alternatives(node)
    .map((schema) => directlyBelow(schema, step))
    .find((found) => found !== undefined);
}

/** A schema, or the ones that it is any of. */
function alternatives(node: unknown): readonly unknown[] {
  const anyOf = field(node, 'anyOf');
  return Array.isArray(anyOf) ? anyOf : [node];
}

function directlyBelow(node: unknown, step: string | number): unknown {
  if (typeof step === 'number') return field(node, 'items');
  return field(field(node, 'properties'), step) ?? field(node, 'additionalProperties');
}

function valueAt(value: unknown, path: DocumentPath): unknown {
  return path.reduce((node, step) => field(node, step), value);
}

function field(node: unknown, key: string | number): unknown {
  if (typeof node !== 'object' || node === null || !Object.hasOwn(node, key)) return undefined;
  return (node as Record<string | number, unknown>)[key];
}
