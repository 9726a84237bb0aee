import { SharedTask } from '../auth/shared-task.ts';
import { type Environment, systemEnvironment } from '../environment.ts';
import type { Op } from '../op.ts';
import type { Origin } from '../transport/origin.ts';
import { canonicalRegistry } from '../transport/registry-host.ts';
import { credentialOf } from './auth-entry.ts';
import type { Credential, CredentialSource } from './credential.ts';
import { type CredentialDocument, credentialDocument } from './credential-document.ts';
import { credentialFileError, credentialFiles, readCredentialFile } from './credential-files.ts';
import { getFromHelper } from './credential-helper.ts';
import { keyFor, matchingKeys } from './registry-keys.ts';

/** An answer of files and helpers is good for so long, in milliseconds: a helper is a process each time. */
const REMEMBERED = 60_000;

/** The name under which a list of helpers means the credential files (containers-registries.conf(5)). */
const FILES = 'containers-auth.json';

/** Options of {@link dockerCredentials}. */
export interface DockerCredentialsOptions {
  /** What is asked in order: names of helpers, and `containers-auth.json` for the files. Default: the files alone. */
  readonly helpers?: readonly string[];
}

/**
 * Credentials as docker and the containers tools keep them: `config.json`, `auth.json`, credential helpers; which
 * files, see the variables `REGISTRY_AUTH_FILE`, `DOCKER_CONFIG`, `XDG_RUNTIME_DIR`, `XDG_CONFIG_HOME` and `HOME`. The
 * first file that has something for a repository answers; in it the longest prefix of the repository, a helper of its
 * own before the common one before an entry. A file or helper that fails is `REGISTRY_CREDENTIALS`, never "nothing".
 */
export function dockerCredentials(
  environment: Environment = systemEnvironment(),
  { helpers = [FILES] }: DockerCredentialsOptions = {},
): CredentialSource {
  const remembered = new Map<string, { readonly task: SharedTask<Credential | undefined>; readonly until: number }>();
  return {
    credentialFor: async (origin: Origin, repository: string, op?: Op): Promise<Credential | undefined> => {
      const registry = canonicalRegistry(origin.replace(/^http:\/\/(.*):80$/, '$1').replace(/^https?:\/\//, ''));
      const key = `${registry}/${repository}`;
      const signal = op?.signal ?? new AbortController().signal;
      const now = environment.monotonic();
      let known = remembered.get(key);
      if (known === undefined || known.task.abandoned || known.until <= now) {
        const find = (within: AbortSignal): Promise<Credential | undefined> =>
          firstCredential(helpers, registry, repository, environment, { ...op, signal: within });
        for (const [old, { until }] of remembered) if (until <= now) remembered.delete(old);
        known = { task: new SharedTask(find), until: now + REMEMBERED };
        remembered.set(key, known);
      }
      try {
        return await known.task.wait(signal);
      } catch (error) {
        // Whoever gave up says nothing about the answer that others wait for.
        if (!signal.aborted || known.task.abandoned) remembered.delete(key);
        throw error;
      }
    },
  };
}

async function firstCredential(
  helpers: readonly string[],
  registry: string,
  repository: string,
  environment: Environment,
  op: Op,
): Promise<Credential | undefined> {
  for (const helper of helpers) {
    const credential =
      helper === FILES
        ? await findCredential(registry, repository, environment, op)
        : await getFromHelper(helper, registry, environment, op);
    if (credential !== undefined) return credential;
  }
  return undefined;
}

async function findCredential(
  registry: string,
  repository: string,
  environment: Environment,
  op: Op,
): Promise<Credential | undefined> {
  for (const path of credentialFiles(environment.env)) {
    const json = await readCredentialFile(path, op);
    if (json === undefined) continue;
    const found = await fromDocument(credentialDocument(path, json), registry, repository, environment, op);
    if (found !== undefined) return found;
  }
  return undefined;
}

async function fromDocument(
  document: CredentialDocument,
  registry: string,
  repository: string,
  environment: Environment,
  op: Op,
): Promise<Credential | undefined> {
  const { auths, credHelpers, credsStore, path } = document;
  const keys = matchingKeys([...new Set([...Object.keys(credHelpers), ...Object.keys(auths)])], registry, repository);
  for (const key of keys) {
    const helper = credHelpers[key];
    const credential =
      helper === undefined ? entryIn(document, key, path) : await getFromHelper(helper, key, environment, op);
    if (credential !== undefined) return credential;
  }
  return credsStore === undefined ? undefined : getFromHelper(credsStore, keyFor(registry), environment, op);
}

function entryIn({ auths }: CredentialDocument, key: string, path: string): Credential | undefined {
  const credential = credentialOf(auths[key]);
  if (credential === 'malformed') throw credentialFileError(path, `the entry for ${JSON.stringify(key)} is malformed`);
  return credential;
}
