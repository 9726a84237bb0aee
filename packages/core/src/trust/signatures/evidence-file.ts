import { type Annotations, isDigest, type JsonValue, type Op, parseJson } from '@gantry/oci';
import { coreError } from '../../core-errors.ts';
import { sortedAnnotations } from './evidence-digest.ts';
import type { SignatureDocument, SignatureFormat } from './signature-document.ts';
import { strictBase64 } from './strict-base64.ts';

const SCHEMA_VERSION = 1;
const FORMATS: readonly string[] = ['bundle', 'simple-signing'] satisfies readonly SignatureFormat[];

/** The file in which a signature is kept beside an installed plugin, to be judged again without network. */
export function encodeEvidence(document: SignatureDocument): Uint8Array {
  const { format, subject, manifest, mediaType, bytes, annotations } = document;
  const sorted = Object.fromEntries(sortedAnnotations(annotations));
  const base64 = Buffer.from(bytes).toString('base64');
  const file = {
    schemaVersion: SCHEMA_VERSION,
    format,
    subject,
    manifest,
    mediaType,
    bytes: base64,
    annotations: sorted,
  };
  return Buffer.from(`${JSON.stringify(file, undefined, 2)}\n`);
}

/** Reads such a file. Throws `STORE_VERSION` when a newer Gantry wrote it, `INSTALL_DAMAGED` when it is not one. */
export function decodeEvidence(file: Uint8Array, op?: Op): SignatureDocument {
  const value = parse(file, op);
  if (!isObject(value)) throw damaged('an object');
  const { schemaVersion, format, subject, manifest, mediaType, bytes, annotations } = value;
  if (typeof schemaVersion === 'number' && schemaVersion > SCHEMA_VERSION) {
    throw coreError(
      'STORE_VERSION',
      `evidence has schema version ${schemaVersion}, this Gantry knows ${SCHEMA_VERSION}`,
    );
  }
  if (schemaVersion !== SCHEMA_VERSION) throw damaged(`schemaVersion ${SCHEMA_VERSION}`);
  if (!isFormat(format)) throw damaged('a format');
  if (!isDigest(subject) || !isDigest(manifest)) throw damaged('the digests of subject and manifest');
  if (typeof mediaType !== 'string') throw damaged('a media type');
  const decoded = typeof bytes === 'string' ? strictBase64(bytes) : undefined;
  if (decoded === undefined) throw damaged('bytes in base64');
  if (!isAnnotations(annotations)) throw damaged('annotations');
  return { format, subject, manifest, mediaType, bytes: decoded, annotations };
}

function parse(file: Uint8Array, op: Op | undefined): JsonValue {
  try {
    return parseJson(file, op);
  } catch (cause) {
    throw coreError('INSTALL_DAMAGED', 'the file of a signature is not readable', { cause });
  }
}

function isObject(value: JsonValue | undefined): value is { readonly [key: string]: JsonValue } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isFormat(value: JsonValue | undefined): value is SignatureFormat {
  return typeof value === 'string' && FORMATS.includes(value);
}

function isAnnotations(value: JsonValue | undefined): value is Annotations {
  return isObject(value) && Object.values(value).every((text) => typeof text === 'string');
}

function damaged(expected: string): Error {
  return coreError('INSTALL_DAMAGED', `the file of a signature is damaged: expected ${expected}`);
}
