import type { IncomingMessage } from 'node:http';
import { matchesPath } from './request-log.ts';

/** Header values of an altered answer; null removes a header. */
export type AnswerHeaders = Readonly<Record<string, string | readonly string[] | null>>;

/**
 * Alters answers of a registry. A rule applies to the requests that match all of `method`, `path` and `nth`; when
 * several rules match, all apply and the later one wins where both say the same thing.
 */
export interface Rule extends RuleEffect {
  /** `GET`, or several. Default: every method. */
  readonly method?: string | readonly string[];
  /** A text that the path contains, or a pattern; the query is not part of it. */
  readonly path?: string | RegExp;
  /** Which of the matching requests, counted from 1. Default: all of them. */
  readonly nth?: number | readonly number[] | ((count: number) => boolean);
  /** What else the rule does with a request, decided by it. */
  readonly decide?: (request: IncomingMessage, count: number) => RuleEffect;
}

/** What a rule does. Without `status` and `body` the registry's own answer is the starting point. */
export interface RuleEffect {
  /** Answers with this status without asking the registry. */
  readonly status?: number;
  readonly headers?:
    | AnswerHeaders
    | ((request: IncomingMessage, count: number, answered: AnswerHeaders) => AnswerHeaders);
  /** The body instead of the registry's. */
  readonly body?: string | Uint8Array;
  /** Changes the registry's body; `Content-Length` follows unless `contentLength` lies. */
  readonly alter?: (body: Buffer) => Uint8Array;
  /** What the registry is asked instead: path and query. */
  readonly rewrite?: (url: string, count: number) => string;
  /** Request headers that the registry does not get to see. */
  readonly hide?: readonly string[];
  /** Milliseconds before the answer begins. */
  readonly delay?: number;
  /** Waits for it before the answer begins. */
  readonly gate?: Promise<unknown>;
  /** A `Content-Length` that need not be true; `chunked` sends none. A longer one ends with a closed connection. */
  readonly contentLength?: number | 'chunked';
  /** Ends the connection after this many bytes of the body; `none` before the head of the answer. */
  readonly cut?: number | 'none';
  /** Says nothing more after this many bytes of the body, and keeps the connection. */
  readonly stall?: number | 'head';
  /** Sends the body in pieces of so many bytes with a pause of so many milliseconds before each. */
  readonly drip?: { readonly bytes: number; readonly pause: number };
  /** Sends so many `102 Processing` answers first; Infinity never stops. */
  readonly interim?: number;
  /** Ends the connection after the answer: saying so, or silently as a server does that forgot its clients. */
  readonly hangUp?: 'announced' | 'silent';
}

/** Finds the rules for requests; counts, for each rule, what matched it. */
export class RuleBook {
  readonly #rules: readonly Rule[];
  readonly #counts: Map<Rule, number> = new Map();

  constructor(rules: readonly Rule[]) {
    this.#rules = rules;
  }

  /** The merged effect for this request; undefined when no rule applies. */
  effectFor(request: IncomingMessage): ResolvedEffect | undefined {
    let merged: ResolvedEffect | undefined;
    for (const rule of this.#rules) {
      const path = (request.url ?? '').split('?', 1)[0] ?? '';
      if (!matchesMethod(request.method ?? '', rule.method) || !matchesPath(path, rule.path)) continue;
      const count = (this.#counts.get(rule) ?? 0) + 1;
      this.#counts.set(rule, count);
      if (matchesCount(count, rule.nth)) merged = merge(merged, rule, request, count);
    }
    return merged;
  }
}

/** An effect with nothing left to compute but headers that depend on the registry's. */
export interface ResolvedEffect extends Omit<RuleEffect, 'headers' | 'rewrite'> {
  /** The headers that differ from those that the registry answered with. */
  readonly headers: (answered: AnswerHeaders) => AnswerHeaders;
  readonly url: string;
}

function merge(
  before: ResolvedEffect | undefined,
  rule: Rule,
  request: IncomingMessage,
  count: number,
): ResolvedEffect {
  const { method: _method, path: _path, nth: _nth, decide, ...fixed } = rule;
  const own = { ...fixed, ...decide?.(request, count) };
  const { headers, rewrite, ...effect } = own;
  const url = before?.url ?? request.url ?? '/';
  return {
    ...before,
    ...effect,
    headers: (answered) => ({
      ...before?.headers(answered),
      ...(typeof headers === 'function' ? headers(request, count, answered) : headers),
    }),
    url: rewrite?.(url, count) ?? url,
  };
}

function matchesMethod(method: string, wanted: Rule['method']): boolean {
  if (wanted === undefined) return true;
  return typeof wanted === 'string' ? wanted === method : wanted.includes(method);
}

function matchesCount(count: number, wanted: Rule['nth']): boolean {
  if (wanted === undefined) return true;
  if (typeof wanted === 'function') return wanted(count);
  return typeof wanted === 'number' ? wanted === count : wanted.includes(count);
}
