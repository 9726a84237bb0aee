import { coreError, RecordFields } from '@gantry/core';
import type { JsonValue } from '@gantry/oci';

/** What we remember of a plugin beside the hashes of the originals: `.gantry.json` in its directory. */
export interface PluginState {
  readonly schemaVersion: 1;
  /** As it is recorded: with the path inside the image. */
  readonly package: string;
  /** `repository:tag` or `repository@alg:hex`, as written; undefined for packages that are no image. */
  readonly image: string | undefined;
  /** `alg:hex` of the image's root manifest or index. */
  readonly digest: string | undefined;
  /** Every plugin path of the image, so that a warm start need not ask for them. */
  readonly paths: readonly string[] | undefined;
  /** `sha512-…` of the tarball. */
  readonly integrity: string | undefined;
  /** Of a local directory: the hash of its entry without what the files say, which the originals put into theirs. */
  readonly record: string | undefined;
  /** What a local directory is compared by. */
  readonly fingerprint: string | undefined;
  /** The clause of the trust policy that accepted it, or `unsigned`. */
  readonly signer: string;
  /** Digest of the trust rules that it was judged by; undefined where none answered for it. */
  readonly policy: string | undefined;
  /** ISO 8601. */
  readonly installedAt: string;
}

const KEYS = [
  'schemaVersion',
  'package',
  'image',
  'digest',
  'paths',
  'integrity',
  'record',
  'fingerprint',
  'signer',
  'policy',
  'installedAt',
] as const satisfies readonly (keyof PluginState)[];

/** The bytes of `.gantry.json`, readable for people. */
export function encodePluginState(state: PluginState): Uint8Array {
  const document = Object.fromEntries(KEYS.map((key) => [key, state[key] ?? null]));
  return Buffer.from(`${JSON.stringify(document, null, 1)}\n`);
}

/** Reads it strictly. Throws `INSTALL_DAMAGED`, or `STORE_VERSION` when a newer Gantry wrote it. */
export function parsePluginState(what: string, bytes: Uint8Array): PluginState {
  const fields = RecordFields.of(what, parsed(what, bytes)).only(...KEYS);
  return {
    schemaVersion: 1,
    package: fields.text('package'),
    image: fields.optionalText('image'),
    digest: fields.optionalText('digest'),
    paths: fields.optionalTexts('paths'),
    integrity: fields.optionalText('integrity'),
    record: fields.optionalText('record'),
    fingerprint: fields.optionalText('fingerprint'),
    signer: fields.text('signer'),
    policy: fields.optionalText('policy'),
    installedAt: fields.time('installedAt'),
  };
}

/** Our own file, bounded in size: what reads the documents of strangers takes longer than a start has. */
function parsed(what: string, bytes: Uint8Array): JsonValue {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw coreError('INSTALL_DAMAGED', `${what} is not readable`, { cause });
  }
}
