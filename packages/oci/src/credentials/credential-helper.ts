import type { Environment } from '../environment.ts';
import { type JsonObject, parseJson } from '../json.ts';
import type { Op } from '../op.ts';
import type { Credential } from './credential.ts';
import { helperError, runHelper } from './helper-process.ts';

/** What helpers print when they have nothing for a server (docker-credential-helpers protocol). */
const NOT_FOUND = 'credentials not found in native keychain';
/** The user name that says that the secret is an identity token. */
const IDENTITY_USER = '<token>';

/** Asks a helper; undefined only when it says that it has nothing. Throws `REGISTRY_CREDENTIALS` on any failure. */
export async function getFromHelper(
  helper: string,
  server: string,
  environment: Environment,
  op?: Op,
): Promise<Credential | undefined> {
  const program = `docker-credential-${helper}`;
  const { code, output } = await runHelper(helper, 'get', `${server}\n`, environment, op);
  if (code !== 0) {
    if (output.toString('utf8').trim() === NOT_FOUND) return undefined;
    throw helperError(program, `failed for ${server} (${code === null ? 'killed' : `exit ${code}`})`);
  }
  let answer: JsonObject;
  try {
    answer = parseJson(output, op, 'helperOutputBytes') as JsonObject;
  } catch {
    throw helperError(program, `did not answer with JSON for ${server}`);
  }
  const { Username: username, Secret: secret } = answer ?? {};
  if (typeof username !== 'string' || typeof secret !== 'string') {
    throw helperError(program, `answered without Username and Secret for ${server}`);
  }
  if (secret === '') return undefined;
  return username === IDENTITY_USER
    ? { kind: 'identity', token: secret }
    : { kind: 'basic', username, password: secret };
}

/** Has a helper keep a credential. Throws `REGISTRY_CREDENTIALS`. */
export async function storeInHelper(
  helper: string,
  server: string,
  credential: Exclude<Credential, { kind: 'bearer' }>,
  environment: Environment,
  op?: Op,
): Promise<void> {
  const program = `docker-credential-${helper}`;
  const [Username, Secret] =
    credential.kind === 'basic' ? [credential.username, credential.password] : [IDENTITY_USER, credential.token];
  const document = JSON.stringify({ ServerURL: server, Username, Secret });
  const { code } = await runHelper(helper, 'store', document, environment, op);
  if (code !== 0) throw helperError(program, `did not store the credential for ${server}`);
}

/** Has a helper forget a credential; false when it had none. Throws `REGISTRY_CREDENTIALS`. */
export async function eraseFromHelper(
  helper: string,
  server: string,
  environment: Environment,
  op?: Op,
): Promise<boolean> {
  const { code, output } = await runHelper(helper, 'erase', `${server}\n`, environment, op);
  if (code === 0) return true;
  if (output.toString('utf8').trim() === NOT_FOUND) return false;
  throw helperError(`docker-credential-${helper}`, `did not erase the credential for ${server}`);
}
