import { isGantryError, type JsonValue, type Op, parseJson } from '@gantry/oci';
import type { TrustedRoot } from '@sigstore/protobuf-specs';
import { coreError } from '../../core-errors.ts';

/** The media types of `trusted_root.json` (protobuf-specs, `sigstore_trustroot.proto`). */
const MEDIA_TYPES: readonly JsonValue[] = [
  'application/vnd.dev.sigstore.trustedroot+json;version=0.1',
  'application/vnd.dev.sigstore.trustedroot.v0.2+json',
];

const LOGS = ['tlogs', 'ctlogs'] as const;
const AUTHORITIES = ['certificateAuthorities', 'timestampAuthorities'] as const;

/**
 * Reads a `trusted_root.json`. The library would take what is malformed as empty and base64 as it comes; here both are
 * errors (C13). Fields that are not known are left alone, as protobuf wants it. Throws `SIGNATURE_TRUST_ROOT`.
 */
export async function parseTrustedRoot(bytes: Uint8Array, name: string, op?: Op): Promise<TrustedRoot> {
  const value = strictJson(bytes, name, op);
  const problem = problemOf(value);
  if (problem !== undefined) throw unusable(name, problem);
  const { TrustedRoot } = await import('@sigstore/protobuf-specs');
  try {
    return TrustedRoot.fromJSON(value);
  } catch (cause) {
    throw unusable(name, 'a field has a value that is not known', cause);
  }
}

/** The error about trust material that is no use, with what to do about a file of the user's own. */
export function unusable(name: string, problem: string, cause?: unknown): Error {
  return coreError('SIGNATURE_TRUST_ROOT', `${name}: ${problem}`, {
    cause,
    details: { trustRoot: name },
    hint: 'take the trust root from its publisher once more',
  });
}

function strictJson(bytes: Uint8Array, name: string, op?: Op): JsonValue {
  try {
    return parseJson(bytes, op);
  } catch (cause) {
    if (!isGantryError(cause)) throw cause;
    throw unusable(name, `it is no trusted_root.json: ${cause.message}`, cause);
  }
}

function problemOf(value: JsonValue): string | undefined {
  const mediaType = field(value, 'mediaType');
  if (mediaType === undefined) return 'it is no trusted_root.json: mediaType is missing';
  if (!MEDIA_TYPES.includes(mediaType)) return 'its mediaType is not one of a trusted root that is known here';
  const lists = [...LOGS, ...AUTHORITIES].map((key) => field(value, key) ?? []);
  if (!lists.every(Array.isArray)) return 'logs and authorities are not lists';
  if (lists.every((list) => Array.isArray(list) && list.length === 0)) return 'there is no authority and no log in it';
  const wrong = [
    ...LOGS.flatMap((key) => items(value, key).map((log) => logProblem(log, key))),
    ...AUTHORITIES.flatMap((key) => items(value, key).map((authority) => authorityProblem(authority, key))),
  ];
  return wrong.find((problem) => problem !== undefined);
}

function logProblem(log: JsonValue, key: string): string | undefined {
  const publicKey = field(log, 'publicKey');
  if (!isBase64(field(publicKey, 'rawBytes'))) return `one of ${key} has no public key in base64`;
  if (!isBase64(field(field(log, 'logId'), 'keyId'))) return `one of ${key} has no log id in base64`;
  const checkpointKey = field(field(log, 'checkpointKeyId'), 'keyId');
  if (checkpointKey !== undefined && !isBase64(checkpointKey)) return `one of ${key} has a bad checkpointKeyId`;
  return windowProblem(field(publicKey, 'validFor'), key);
}

function authorityProblem(authority: JsonValue, key: string): string | undefined {
  const certificates = items(field(authority, 'certChain'), 'certificates');
  if (certificates.length === 0) return `one of ${key} has no certificates`;
  if (!certificates.every((certificate) => isBase64(field(certificate, 'rawBytes')))) {
    return `one of ${key} has a certificate that is not base64`;
  }
  return windowProblem(field(authority, 'validFor'), key);
}

/** A time that cannot be read would be one that never ends. */
function windowProblem(window: JsonValue | undefined, key: string): string | undefined {
  const times = [field(window, 'start'), field(window, 'end')].filter((time) => time !== undefined);
  const readable = times.every((time) => typeof time === 'string' && !Number.isNaN(Date.parse(time)));
  return readable ? undefined : `one of ${key} has a validity that is not in time`;
}

function isBase64(value: JsonValue | undefined): boolean {
  return typeof value === 'string' && value !== '' && Buffer.from(value, 'base64').toString('base64') === value;
}

function field(value: JsonValue | undefined, key: string): JsonValue | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return (value as { readonly [key: string]: JsonValue })[key];
}

function items(value: JsonValue | undefined, key: string): readonly JsonValue[] {
  const list = field(value, key);
  return Array.isArray(list) ? list : [];
}
