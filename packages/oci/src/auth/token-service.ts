import type { Credential } from '../credentials/credential.ts';
import { ociError } from '../oci-errors.ts';
import { ociLimits } from '../oci-limits.ts';
import type { Op } from '../op.ts';
import type { Answer } from '../transport/answer.ts';
import { answerError } from '../transport/error-answer.ts';
import { displayUrl } from '../transport/origin.ts';
import { persist } from '../transport/retry.ts';
import type { Hop, Wire } from '../transport/wire.ts';
import { readToken, type Token } from './token-answer.ts';

/** What to ask a token service for. */
export interface TokenQuestion {
  readonly hop: Hop;
  readonly service: string | undefined;
  readonly scopes: readonly string[];
  readonly credential: Credential | undefined;
}

const CLIENT_ID = 'gantry';

/**
 * Asks a token service (distribution token and OAuth2 specifications): GET, with Basic when there is a password; POST
 * for an identity token, and when the service does not know POST (404, 405) an anonymous GET, because an identity token
 * is not a password. Redirects are not followed.
 * Throws `REGISTRY_*` errors: `REGISTRY_UNAUTHORIZED` when the service refuses the credential.
 */
export async function requestToken(
  wire: Wire,
  question: TokenQuestion,
  op: Op | undefined,
  signal: AbortSignal,
): Promise<Token> {
  if (question.credential?.kind === 'identity') {
    const answer = await ask(wire, question, postOf(question, question.credential.token), op, signal);
    if (answer.status !== 404 && answer.status !== 405) return accept(answer, wire, question, 'POST', op);
    await answer.discard();
    op?.onEvent?.({
      type: 'warning',
      from: displayUrl(question.hop.url),
      message: `takes no identity tokens (status ${answer.status}); asking without one`,
    });
  }
  const answer = await ask(wire, question, getOf(question), op, signal);
  return accept(answer, wire, question, 'GET', op);
}

interface Question {
  readonly hop: Hop;
  readonly method: 'GET' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly form?: Uint8Array;
}

function getOf({ hop, service, scopes, credential }: TokenQuestion): Question {
  const url = new URL(hop.url);
  if (service !== undefined) url.searchParams.append('service', service);
  for (const scope of scopes) url.searchParams.append('scope', scope);
  const headers = credential?.kind === 'basic' ? { authorization: basicHeader(credential) } : {};
  return { hop: { ...hop, url }, method: 'GET', headers: { accept: 'application/json', ...headers } };
}

function postOf({ hop, service, scopes }: TokenQuestion, identityToken: string): Question {
  const form = new URLSearchParams({ grant_type: 'refresh_token', client_id: CLIENT_ID, refresh_token: identityToken });
  if (service !== undefined) form.append('service', service);
  if (scopes.length > 0) form.append('scope', scopes.join(' '));
  const headers = { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' };
  return { hop, method: 'POST', headers, form: Buffer.from(form.toString()) };
}

async function ask(
  wire: Wire,
  question: TokenQuestion,
  { hop, method, headers, form }: Question,
  op: Op | undefined,
  signal: AbortSignal,
): Promise<Answer> {
  const body = form === undefined ? undefined : { length: form.length, content: () => [form] };
  const { environment, rests } = wire;
  return persist({ url: question.hop.url, repeatable: true, environment, op, signal, rests }, () =>
    wire.send(hop, { method, headers, body, purpose: 'token' }, op, signal),
  );
}

async function accept(
  answer: Answer,
  wire: Wire,
  { hop, credential }: TokenQuestion,
  method: string,
  op: Op | undefined,
): Promise<Token> {
  const shown = displayUrl(hop.url);
  if (answer.status >= 300 && answer.status < 400) {
    await answer.discard();
    throw ociError('REGISTRY_REALM_REFUSED', `the token service ${shown} redirects (status ${answer.status})`, {
      details: { registry: hop.registry.name, status: answer.status },
      hint: 'ask the operator of the registry for the address of its token service',
    });
  }
  if (answer.status !== 200) {
    const secrets = credential === undefined ? [] : secretsOf(credential);
    throw await answerError(answer, { method, registry: hop.registry, secrets, op });
  }
  return readToken(await answer.bytes(ociLimits(op, 'tokenBytes')), shown, wire.environment, op);
}

/** `Basic` and the credential, as the header wants it (RFC 7617). */
export function basicHeader(credential: Extract<Credential, { kind: 'basic' }>): string {
  return `Basic ${Buffer.from(`${credential.username}:${credential.password}`).toString('base64')}`;
}

/** The strings of a credential that must not show up anywhere. */
export function secretsOf(credential: Credential): string[] {
  if (credential.kind !== 'basic') return [credential.token];
  return [credential.password, basicHeader(credential).slice('Basic '.length)];
}
