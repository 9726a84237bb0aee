import type { Origin } from '../config/origin.ts';

/** What the parser sees of a YAML text. */
export type Token =
  | { readonly type: PlainTokenType; readonly place: Origin }
  | { readonly type: 'directive'; readonly place: Origin; readonly directive: Directive }
  | { readonly type: 'alias' | 'anchor'; readonly place: Origin; readonly name: string }
  | { readonly type: 'tag'; readonly place: Origin; readonly tag: WrittenTag }
  | ScalarToken;

/** A token that says nothing but what it is. */
export type PlainTokenType =
  | 'stream end'
  | 'document start'
  | 'document end'
  | 'block sequence start'
  | 'block mapping start'
  | 'block end'
  | '['
  | ']'
  | '{'
  | '}'
  | ','
  | '-'
  | '?'
  | ':';

/** A scalar before its tag is known. */
export interface ScalarToken {
  readonly type: 'scalar';
  readonly place: Origin;
  readonly value: string;
  /** Not quoted, neither literal nor folded. */
  readonly plain: boolean;
}

/** `%YAML 1.1`, `%TAG ! prefix` or another one, which means nothing. */
export type Directive =
  | { readonly name: 'YAML'; readonly major: number }
  | { readonly name: 'TAG'; readonly handle: string; readonly prefix: string }
  | { readonly name: 'other' };

/** A tag as written: without a handle it is complete. */
export interface WrittenTag {
  readonly handle: string | undefined;
  readonly suffix: string;
}
