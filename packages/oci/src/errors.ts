/**
 * The one error class of Gantry and the tables that declare its codes.
 *
 * Every package declares its codes once with {@link defineErrors}; from the tables come the union of codes,
 * `docs/errors.md`, the exit codes of the command line and, later, Kubernetes condition reasons.
 */

const BRAND: symbol = Symbol.for('gantry.error');

/** The families of codes; the part of a code before its first underscore. The exit code follows from it. */
export type ErrorFamily =
  | 'REFERENCE'
  | 'REGISTRY'
  | 'CONTENT'
  | 'SIGNATURE'
  | 'POLICY'
  | 'ARCHIVE'
  | 'STORE'
  | 'INSTALL'
  | 'CONFIG'
  | 'RUNTIME';

/** One row of an error table. */
export interface ErrorSpec {
  /** What it means that this happened: one sentence for `docs/errors.md`. */
  readonly meaning: string;
  /** What to do about it: the default hint, one line. */
  readonly hint: string;
  /** Whether the same call may succeed later without any change. Default false. */
  readonly retryable?: boolean;
}

/** JSON-safe facts of an error: no header, token, query string or userinfo ever goes in here. */
export type ErrorDetails = Readonly<Record<string, JsonValue>>;
/** Plain JSON. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue };

/** What a caller may add to an error. */
export interface ErrorOptions {
  readonly details?: ErrorDetails;
  readonly cause?: unknown;
  /** Replaces the table's hint where the place of failure knows better. */
  readonly hint?: string;
  readonly retryable?: boolean;
}

/** The error that every Gantry function throws, apart from `AbortError` on cancellation. */
export class GantryError<Code extends string = string> extends Error {
  override readonly name: string = 'GantryError';
  readonly code: Code;
  readonly hint: string;
  readonly retryable: boolean;
  readonly details: ErrorDetails;

  constructor(code: Code, message: string, spec: ErrorSpec, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint ?? spec.hint;
    this.retryable = options.retryable ?? spec.retryable ?? false;
    this.details = Object.freeze({ ...options.details });
    Object.defineProperty(this, BRAND, { value: true });
  }
}

/** True for a {@link GantryError}, also for one made by a second copy of this package. */
export function isGantryError(value: unknown): value is GantryError {
  return value instanceof Error && (value as unknown as Record<symbol, unknown>)[BRAND] === true;
}

/** The family of a code: the part before its first underscore. */
export function errorFamily(code: string): ErrorFamily {
  return code.slice(0, code.indexOf('_')) as ErrorFamily;
}

/** A package's error table: makes errors, and lists its rows for the generated documents. */
export interface ErrorTable<Code extends string> {
  (code: Code, message: string, options?: ErrorOptions): GantryError<Code>;
  readonly package: string;
  readonly specs: Readonly<Record<Code, ErrorSpec>>;
}

/**
 * Declares the error codes of one package. The result is called to make an error:
 * `throw ociError('REGISTRY_DENIED', 'message', { details })`. It throws nothing itself.
 */
export function defineErrors<const Code extends string>(
  packageName: string,
  specs: Readonly<Record<Code, ErrorSpec>>,
): ErrorTable<Code> {
  const make = (code: Code, message: string, options?: ErrorOptions): GantryError<Code> =>
    new GantryError(code, message, specs[code], options);
  return Object.assign(make, { package: packageName, specs });
}
