import { type Environment, systemEnvironment } from '../environment.ts';
import { ociError } from '../oci-errors.ts';
import type { Op } from '../op.ts';
import { openTransport } from '../transport/open-transport.ts';
import { canonicalRegistry } from '../transport/registry-host.ts';
import type { RegistrySettings } from '../transport/transport.ts';
import { entryOf } from './auth-entry.ts';
import type { Credential } from './credential.ts';
import { type CredentialDocument, credentialDocument } from './credential-document.ts';
import { type Editable, editCredentialFile } from './credential-file-writer.ts';
import { credentialFiles, readCredentialFile } from './credential-files.ts';
import { eraseFromHelper, storeInHelper } from './credential-helper.ts';
import { keyFor, matchingKeys } from './registry-keys.ts';

/** What {@link login} and {@link logout} work with. */
export interface LoginOptions {
  /** As in `TransportOptions`; `tokenHosts` among them. */
  readonly registries?: Readonly<Record<string, RegistrySettings>>;
  readonly environment?: Environment;
}

/** What a user can log in with; ready-made bearer tokens have no place in helpers. */
export type LoginCredential = Exclude<Credential, { kind: 'bearer' }>;

/** What {@link login} did. */
export interface LoginResult {
  /** Canonical `host[:port]`. */
  readonly registry: string;
  /** False when the registry lets everybody in at `/v2/`, so that nothing was proved. */
  readonly verified: boolean;
  /** The credential file, or the helper's program. */
  readonly storedIn: string;
}

/**
 * Checks a credential against the registry, then stores it where docker and the containers tools find it: with the
 * helper that the file names for it, else in the file, whose other entries stay as they are.
 * Throws `REGISTRY_REALM_REFUSED` when the registry's token service is not one it may go to (`details.tokenHost` is
 * what `tokenHosts` misses: ask the user, add it, call again), `REGISTRY_UNAUTHORIZED` when the credential is wrong,
 * `REGISTRY_CREDENTIALS` when it cannot be stored. Nothing is stored then.
 */
export async function login(
  registry: string,
  credential: LoginCredential,
  options: LoginOptions = {},
  op?: Op,
): Promise<LoginResult> {
  const environment = options.environment ?? systemEnvironment();
  const name = canonicalRegistry(registry);
  const verified = await verify(registry, credential, options, environment, op);
  const target = await fileFor(name, environment, op);
  const key =
    matchingKeys([...Object.keys(target.credHelpers), ...Object.keys(target.auths)], name, '')[0] ?? keyFor(name);
  const helper = target.credHelpers[key] ?? target.credsStore;
  if (helper !== undefined) await storeInHelper(helper, key, credential, environment, op);
  // Docker marks what a helper holds with an empty entry.
  const entry = helper === undefined ? entryOf(credential) : {};
  await editCredentialFile(target.path, (document) => setEntry(document, key, entry), op);
  return { registry: name, verified, storedIn: helper === undefined ? target.path : `docker-credential-${helper}` };
}

/**
 * Removes the credential of a whole registry from every file and helper that {@link login} may have put it into.
 * Returns where there was one. Throws `REGISTRY_CREDENTIALS`.
 */
export async function logout(registry: string, options: LoginOptions = {}, op?: Op): Promise<string[]> {
  const environment = options.environment ?? systemEnvironment();
  const name = canonicalRegistry(registry);
  const removed: string[] = [];
  for (const document of await documents(environment, op)) {
    const inAuths = matchingKeys(Object.keys(document.auths), name, '');
    const inHelpers = matchingKeys(Object.keys(document.credHelpers), name, '');
    const helper = document.credHelpers[inHelpers[0] ?? ''] ?? document.credsStore;
    if (helper !== undefined) {
      const server = inHelpers[0] ?? inAuths[0] ?? keyFor(name);
      if (await eraseFromHelper(helper, server, environment, op)) removed.push(`docker-credential-${helper}`);
    }
    const changed = await editCredentialFile(document.path, (edited) => dropEntries(edited, inAuths), op);
    if (changed && helper === undefined) removed.push(document.path);
  }
  return removed;
}

async function verify(
  registry: string,
  credential: Credential,
  options: LoginOptions,
  environment: Environment,
  op: Op | undefined,
): Promise<boolean> {
  let asked = false;
  const credentials = {
    credentialFor: async (): Promise<Credential> => {
      asked = true;
      return credential;
    },
  };
  const transport = openTransport({ ...options, environment, credentials });
  try {
    const url = new URL('/v2/', transport.baseUrl(registry));
    const answer = await transport.request({ method: 'GET', url, registry, access: [], accept: [200] }, op);
    await answer.discard();
    return asked;
  } finally {
    await transport[Symbol.asyncDispose]();
  }
}

async function documents(environment: Environment, op: Op | undefined): Promise<CredentialDocument[]> {
  const result: CredentialDocument[] = [];
  for (const path of credentialFiles(environment.env)) {
    const json = await readCredentialFile(path, op);
    if (json !== undefined) result.push(credentialDocument(path, json));
  }
  return result;
}

/** The file that answers for the registry already, so that nothing shadows the new entry; else docker's. */
async function fileFor(registry: string, environment: Environment, op: Op | undefined): Promise<CredentialDocument> {
  const existing = await documents(environment, op);
  const { env } = environment;
  const paths = credentialFiles(env);
  const path = env['REGISTRY_AUTH_FILE'] || env['DOCKER_CONFIG'] ? paths[0] : paths.at(-1);
  if (path === undefined) {
    throw ociError(
      'REGISTRY_CREDENTIALS',
      'no place for credentials: HOME, DOCKER_CONFIG and REGISTRY_AUTH_FILE are not set',
      {
        hint: 'set HOME or REGISTRY_AUTH_FILE',
      },
    );
  }
  const answers = existing.find(
    ({ auths, credHelpers }) =>
      matchingKeys([...Object.keys(auths), ...Object.keys(credHelpers)], registry, '').length > 0,
  );
  return answers ?? existing.find((document) => document.path === path) ?? credentialDocument(path, {});
}

function setEntry(document: Editable, key: string, entry: Record<string, string>): boolean {
  document['auths'] = { ...(document['auths'] as Editable | undefined), [key]: entry };
  return true;
}

function dropEntries(document: Editable, keys: readonly string[]): boolean {
  if (keys.length === 0) return false;
  const auths = Object.entries(document['auths'] as Editable);
  document['auths'] = Object.fromEntries(auths.filter(([key]) => !keys.includes(key)));
  return true;
}
