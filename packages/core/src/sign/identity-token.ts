import { type Environment, type JsonValue, type Op, parseJson, type Transport } from '@gantry/oci';
import { coreError } from '../core-errors.ts';
import { jsonMember } from './json-member.ts';
import { askService, readAnswer } from './signing-service.ts';

/** An OIDC identity token. Nothing in it has been verified: that is what Fulcio does. */
export interface IdentityToken {
  /** A secret, as long as it is valid. */
  readonly value: string;
  /** What a key has to sign to prove that its holder has the token: the e-mail address, else the subject. */
  readonly subject: string;
}

/** Whom the token is for. */
const AUDIENCE = 'sigstore';
const FORM = /^[\w-]+\.([\w-]+)\.[\w-]+$/;

/** Reads a token. Throws `CONFIG_IDENTITY_TOKEN`, whose message has nothing of it. */
export function identityToken(text: string): IdentityToken {
  const value = text.trim();
  const payload = FORM.exec(value)?.[1];
  if (payload === undefined) throw coreError('CONFIG_IDENTITY_TOKEN', 'the identity token is not a JSON web token');
  const claims = claimsOf(payload);
  const email = jsonMember(claims, 'email');
  const isVerified = isTrue(jsonMember(claims, 'email_verified'));
  const subject = typeof email === 'string' && isVerified ? email : jsonMember(claims, 'sub');
  if (typeof subject !== 'string' || subject === '') {
    throw coreError('CONFIG_IDENTITY_TOKEN', 'the identity token names no subject');
  }
  return { value, subject };
}

/** Some issuers write the boolean as text. */
function isTrue(value: JsonValue | undefined): boolean {
  return value === true || value === 'true';
}

function claimsOf(payload: string): JsonValue {
  try {
    return parseJson(Buffer.from(payload, 'base64url'));
  } catch {
    throw coreError('CONFIG_IDENTITY_TOKEN', 'the payload of the identity token is not JSON');
  }
}

/**
 * The token of whoever runs this: `given`, else SIGSTORE_ID_TOKEN, else from the token endpoint of GitHub Actions when the job
 * may ask it. Throws `CONFIG_IDENTITY_TOKEN` when there is none, and what {@link askService} throws.
 */
export async function findIdentityToken(
  given: string | undefined,
  environment: Pick<Environment, 'env'>,
  transport: () => Transport,
  op?: Op,
): Promise<IdentityToken> {
  const { SIGSTORE_ID_TOKEN, ACTIONS_ID_TOKEN_REQUEST_URL, ACTIONS_ID_TOKEN_REQUEST_TOKEN } = environment.env;
  const named = given ?? SIGSTORE_ID_TOKEN;
  if (named !== undefined && named !== '') return identityToken(named);
  if (ACTIONS_ID_TOKEN_REQUEST_URL && ACTIONS_ID_TOKEN_REQUEST_TOKEN) {
    return askActions(transport(), ACTIONS_ID_TOKEN_REQUEST_URL, ACTIONS_ID_TOKEN_REQUEST_TOKEN, op);
  }
  throw coreError('CONFIG_IDENTITY_TOKEN', 'there is no identity token to sign with');
}

/** GitHub's way for a job to get its token (docs.github.com, "OpenID Connect reference"). */
async function askActions(transport: Transport, endpoint: string, secret: string, op?: Op): Promise<IdentityToken> {
  const url = URL.parse(endpoint);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw coreError('CONFIG_IDENTITY_TOKEN', 'ACTIONS_ID_TOKEN_REQUEST_URL is not a URL');
  }
  url.searchParams.set('audience', AUDIENCE);
  const authorization = `Bearer ${secret}`;
  const question = { method: 'GET', url, accept: 'application/json', authorization, repeatable: true } as const;
  const { bytes } = await askService(transport, question, op);
  const value = readAnswer(url, () => {
    const found = jsonMember(parseJson(bytes, op), 'value');
    if (typeof found !== 'string') throw new Error('expected a token in value');
    return found;
  });
  return identityToken(value);
}
