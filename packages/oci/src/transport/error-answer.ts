import type { ErrorDetails, GantryError } from '../errors.ts';
import { escapeRemote, redactRemote } from '../escape.ts';
import { type OciErrorCode, ociError } from '../oci-errors.ts';
import { ociLimits } from '../oci-limits.ts';
import type { Op } from '../op.ts';
import type { Answer } from './answer.ts';
import { displayUrl } from './origin.ts';
import type { KnownRegistry } from './origin-policy.ts';

const CODES: Readonly<Record<number, OciErrorCode>> = {
  401: 'REGISTRY_UNAUTHORIZED',
  403: 'REGISTRY_DENIED',
  404: 'REGISTRY_NOT_FOUND',
  405: 'REGISTRY_UNSUPPORTED',
  407: 'REGISTRY_PROXY',
  408: 'REGISTRY_UNAVAILABLE',
  429: 'REGISTRY_RATE_LIMITED',
  501: 'REGISTRY_UNSUPPORTED',
};

/** What goes into the error besides the answer. */
export interface Refused {
  readonly method: string;
  readonly registry: KnownRegistry;
  /** Strings that were sent and must not come back in the message. */
  readonly secrets: readonly string[];
  readonly op: Op | undefined;
  /** What a 401 lacks, for the message. */
  readonly missing?: { readonly scope: string; readonly denied: boolean } | undefined;
}

/**
 * The error of an answer that nobody accepted: its code from the status, its message with what the registry said
 * (`errors` of the distribution specification, or the start of a text; an HTML page is only called one), escaped,
 * redacted and capped. Reads at most `errorBodyBytes`.
 */
export async function answerError(answer: Answer, refused: Refused): Promise<GantryError<OciErrorCode>> {
  const { method, registry, missing } = refused;
  const said = await remoteMessage(answer, refused);
  const denied = answer.status === 401 && missing?.denied === true;
  const code = denied ? 'REGISTRY_DENIED' : (CODES[answer.status] ?? fallbackCode(answer.status));
  const parts = [`${method} ${displayUrl(answer.url)}: status ${answer.status}`];
  const lacking = missing === undefined || missing.scope === '' ? undefined : escapeRemote(missing.scope);
  if (lacking !== undefined) parts.push(`permission needed: ${lacking}`);
  if (said.text !== '') parts.push(said.text);
  const limit = answer.status === 429 ? rateLimit(answer) : {};
  const shownLimit = Object.entries(limit).map(([name, value]) => `${name} ${value}`);
  if (shownLimit.length > 0) parts.push(shownLimit.join(', '));
  const details: ErrorDetails = {
    registry: registry.name,
    status: answer.status,
    ...(lacking === undefined ? {} : { missing: lacking }),
    ...(said.codes.length === 0 ? {} : { registryCodes: said.codes }),
    ...(shownLimit.length === 0 ? {} : { rateLimit: limit }),
  };
  const hint = said.html ? HTML_HINT : refusesWrites(answer.status, method) ? WRITE_HINT : undefined;
  return ociError(code, parts.join('; '), { details, ...(hint === undefined ? {} : { hint }) });
}

const HTML_HINT = 'an HTML page was answered: check that the host is an OCI registry and not a login page or a proxy';

const WRITE_HINT = 'the registry takes no pushes here: it may be read-only, or a mirror or proxy of another one';

/** Whether an upload or a manifest was refused, which no switch of an optional feature explains. */
function refusesWrites(status: number, method: string): boolean {
  return status === 405 && ['POST', 'PUT', 'PATCH'].includes(method);
}

interface Said {
  readonly text: string;
  readonly codes: readonly string[];
  readonly html: boolean;
}

async function remoteMessage(answer: Answer, { secrets, op }: Refused): Promise<Said> {
  let text: string;
  try {
    text = new TextDecoder().decode(await answer.bytes(ociLimits(op, 'errorBodyBytes')));
  } catch {
    op?.signal?.throwIfAborted();
    return { text: '', codes: [], html: false };
  }
  if ((answer.header('content-type') ?? '').includes('html') || /^\s*<(!doctype|html)/i.test(text)) {
    return { text: 'the answer is an HTML page', codes: [], html: true };
  }
  const errors = registryErrors(text);
  if (errors.length === 0) return { text: redactRemote(text.trim(), secrets), codes: [], html: false };
  const shown = errors.map(({ code, message }) => [code, message].filter((part) => part !== '').join(': '));
  return {
    text: redactRemote(shown.join(', '), secrets),
    codes: errors.map(({ code }) => code).filter((code) => /^[A-Z_]{1,64}$/.test(code)),
    html: false,
  };
}

/** At most the first four `errors` of a distribution error document, or an OAuth2 error; empty when it is neither. */
function registryErrors(text: string): { readonly code: string; readonly message: string }[] {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    return [];
  }
  const fields = (value: unknown): Record<string, unknown> => (typeof value === 'object' ? { ...value } : {});
  const top = fields(document);
  const listed = Array.isArray(top['errors']) ? top['errors'].slice(0, 4) : [];
  if (listed.length === 0 && top['error'] !== undefined) {
    return [{ code: textOf(top['error']), message: textOf(top['error_description']) }];
  }
  return listed.map((entry) => ({ code: textOf(fields(entry)['code']), message: textOf(fields(entry)['message']) }));
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function fallbackCode(status: number): OciErrorCode {
  return status >= 500 ? 'REGISTRY_UNAVAILABLE' : 'REGISTRY_PROTOCOL';
}

/** Docker Hub and others say how many requests are left and whom they count. */
function rateLimit(answer: Answer): Record<string, string> {
  const result: Record<string, string> = {};
  for (const name of ['ratelimit-limit', 'ratelimit-remaining', 'docker-ratelimit-source', 'retry-after']) {
    const value = answer.header(name);
    if (value !== undefined) result[name] = redactRemote(value, [], 80);
  }
  return result;
}
