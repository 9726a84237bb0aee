import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Environment,
  findProgram,
  isGantryError,
  type JsonObject,
  type JsonValue,
  type Op,
  parseJson,
} from '@gantry/oci';
import { containersFault } from './containers-fault.ts';
import { dockerReference } from './identity-match.ts';
import { keySourceName, readKeySource } from './key-source.ts';
import type { KeySource } from './policy.ts';
import { runTool } from './run-tool.ts';

/** What a signature says about itself before anybody has verified it. */
export interface ClaimedSignature {
  /** The name that it gives the image. */
  readonly reference: string;
  /** The last 16 digits of the key's fingerprint. */
  readonly keyId: string;
}

/** Keys to verify with. */
export interface Keyring {
  /** A GNUPGHOME that holds them and nothing else. */
  readonly directory: string;
  /** Of each key its fingerprint and those of its subkeys. */
  readonly keys: readonly (readonly string[])[];
}

/** Programs that are missing. */
export type MissingProgram = 'skopeo' | 'gpg';

/** Verifies signatures of simple signing through skopeo and gpg, in a directory of its own. */
export interface GpgSignatures extends AsyncDisposable {
  /** Which of the programs is not on PATH; undefined when all are. */
  missing(): Promise<MissingProgram | undefined>;
  /** Imports keys, the same ones once. Throws `CONFIG_CONTAINERS` when there is no key in them. */
  keyring(keys: readonly KeySource[], op?: Op): Promise<Keyring>;
  /** What a signature claims; undefined when it is none. Nothing of it is true before {@link GpgSignatures.verify}. */
  claims(signature: Uint8Array, op?: Op): Promise<ClaimedSignature | undefined>;
  /**
   * Has skopeo verify that a key of the ring signed this very manifest under just the name that was claimed. Undefined when
   * it did, else why not.
   */
  verify(
    manifest: Uint8Array,
    signature: Uint8Array,
    claimed: ClaimedSignature,
    keyring: Keyring,
    op?: Op,
  ): Promise<string | undefined>;
}

/** Opens it. Nothing is written before the first key. */
export function openGpgSignatures({ env }: Pick<Environment, 'env'>): GpgSignatures {
  let made: Promise<string> | undefined;
  let count = 0;
  const keyrings = new Map<string, Promise<Keyring>>();

  const directory = (): Promise<string> => {
    made ??= mkdtemp(join(env['TMPDIR'] || tmpdir(), 'gantry-gpg-'));
    return made;
  };
  const write = async (bytes: Uint8Array): Promise<string> => {
    count += 1;
    const name = `${count}`;
    const file = join(await directory(), name);
    await writeFile(file, bytes, { flag: 'wx', mode: 0o600 });
    return file;
  };
  const run = async (program: string, args: readonly string[], home: string, op?: Op) => {
    const path = (await findProgram(program, env)) ?? program;
    const environment = { PATH: env['PATH'] ?? '', HOME: home, GNUPGHOME: home, TMPDIR: home, LC_ALL: 'C' };
    return runTool(path, args, environment, op);
  };
  const importKeys = async (keys: readonly Uint8Array[], names: string, op?: Op): Promise<Keyring> => {
    const home = await mkdtemp(join(await directory(), 'keys-'));
    const files = await Promise.all(keys.map(write));
    const common = ['--homedir', home, '--batch', '--no-tty', '--quiet', '--no-autostart'];
    // It fails for a file without keys although another has some: what counts is what is in the ring afterwards.
    await run('gpg', [...common, '--import', ...files], home, op);
    const { stdout } = await run('gpg', [...common, '--with-colons', '--list-keys'], home, op);
    const found = stdout
      .split(/^pub:/m)
      .slice(1)
      .map((key) => [...key.matchAll(/^fpr:+([0-9A-F]{40,64}):/gm)].map(([, fingerprint = '']) => fingerprint));
    if (found.length === 0) throw containersFault(names, 'there is no OpenPGP key in it');
    return { directory: home, keys: found };
  };

  return {
    missing: async () => {
      for (const program of ['skopeo', 'gpg'] as const) {
        if ((await findProgram(program, env)) === undefined) return program;
      }
      return undefined;
    },
    keyring: (keys, op) => {
      const contents = keys.map((key) => readKeySource(key, op));
      const id = contents.map((bytes) => bytes.toString('base64')).join(' ');
      const names = keys.map(keySourceName).join(', ');
      const known = keyrings.get(id) ?? importKeys(contents, names, op);
      keyrings.set(id, known);
      return known;
    },
    claims: async (signature, op) => {
      const file = await write(signature);
      const dump = ['untrusted-signature-dump-without-verification', file];
      const { ok, stdout } = await run('skopeo', dump, await directory(), op);
      await rm(file, { force: true });
      return ok ? claimedIn(stdout) : undefined;
    },
    verify: async (manifest, signature, claimed, keyring, op) => {
      const isClaimed = (fingerprint: string): boolean => fingerprint.endsWith(claimed.keyId);
      // For a signature by a subkey some versions of skopeo want its fingerprint, and others that of the key.
      const fingerprints = keyring.keys.filter((key) => key.some(isClaimed)).flat();
      if (fingerprints.length === 0) return `it is by the key ${claimed.keyId}, which is none of those that count`;
      const files = await Promise.all([write(manifest), write(signature)]);
      const [manifestFile, signatureFile] = files;
      let why = '';
      for (const fingerprint of fingerprints) {
        const args = ['standalone-verify', manifestFile, claimed.reference, fingerprint, signatureFile];
        const { ok, stderr } = await run('skopeo', args, keyring.directory, op);
        if (ok) {
          why = '';
          break;
        }
        why = /msg="(.*)"\s*$/.exec(stderr)?.[1] ?? (stderr.trim() || 'skopeo does not accept it');
      }
      await Promise.all(files.map((file) => rm(file, { force: true })));
      return why === '' ? undefined : why;
    },
    [Symbol.asyncDispose]: async () => {
      if (made !== undefined) await rm(await made, { recursive: true, force: true });
    },
  };
}

/** What `skopeo untrusted-signature-dump-without-verification` printed, as far as it is safe to hand on. */
function claimedIn(output: string): ClaimedSignature | undefined {
  let document: JsonValue;
  try {
    document = parseJson(output);
  } catch (error) {
    if (isGantryError(error)) return undefined;
    throw error;
  }
  if (typeof document !== 'object' || document === null || Array.isArray(document)) return undefined;
  const fields = document as JsonObject;
  const reference = fields['UntrustedDockerReference'];
  const keyId = fields['UntrustedShortKeyIdentifier'];
  // SAFETY: the reference becomes an argument; what has the grammar of one cannot be an option.
  if (typeof reference !== 'string' || dockerReference(reference) === undefined) return undefined;
  return typeof keyId === 'string' && /^[0-9A-F]{16}$/.test(keyId) ? { reference, keyId } : undefined;
}
