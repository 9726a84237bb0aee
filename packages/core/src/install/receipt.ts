import { type Digest, formatPlatform, type Op, type Platform, parsePlatform } from '@gantry/oci';
import { coreError } from '../core-errors.ts';
import { PLUGIN_KINDS, type PluginKind } from '../plugin/plugin.ts';
import type { Evidence, ManifestEvidence, SignatureEvidence } from '../trust/evidence.ts';
import type { Subject, Verdict } from '../trust/verdict.ts';
import { RecordFields } from './record-fields.ts';
import { parseEvidence, parseVerdict } from './recorded-verdict.ts';

/**
 * What was installed under a name, from where, and why it was accepted. The file `plugins/NAME.json` is both this record
 * and the pointer to the live content: replacing it by a rename is the switch.
 */
export interface Receipt {
  readonly schemaVersion: 1;
  readonly name: string;
  /** What the user asked for, normalised. */
  readonly source: string;
  /** With its digest. */
  readonly reference: string;
  /** The name that policy scopes match. */
  readonly scopeName: string;
  readonly local: boolean;
  /** What the reference named. */
  readonly digest: Digest;
  /** The manifest that was installed; names the content directory. */
  readonly manifest: Digest;
  readonly platform: Platform | undefined;
  readonly kind: PluginKind;
  readonly verdict: Verdict;
  readonly evidence: readonly Evidence[];
  /** Digest of the content's `files.json`. */
  readonly files: Digest;
  /** The file that runs, relative to the tree. */
  readonly entry: ReceiptEntry | undefined;
  /** ISO 8601. */
  readonly installedAt: string;
}

/** The file that runs. */
export interface ReceiptEntry {
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  readonly digest: Digest;
}

const KEYS = [
  'schemaVersion',
  'name',
  'source',
  'reference',
  'scopeName',
  'local',
  'digest',
  'manifest',
  'platform',
  'kind',
  'verdict',
  'evidence',
  'files',
  'entry',
  'installedAt',
] as const;

/** The bytes of a receipt, readable for people. */
export function encodeReceipt(receipt: Receipt): Uint8Array {
  const { platform, entry } = receipt;
  const document = {
    ...receipt,
    platform: platform === undefined ? null : formatPlatform(platform),
    entry: entry ?? null,
  };
  return new TextEncoder().encode(`${JSON.stringify(document, null, 1)}\n`);
}

/** Reads a receipt strictly. Throws `INSTALL_DAMAGED`, or `STORE_VERSION` for one of a newer Gantry. */
export function parseReceipt(name: string, bytes: Uint8Array, op?: Op): Receipt {
  const fields = RecordFields.parse(`the receipt of ${name}`, bytes, op).only(...KEYS);
  const platform = fields.optionalText('platform');
  return {
    schemaVersion: 1,
    // Only the name it is stored under: on some file systems other spellings open the same file.
    name: fields.oneOf('name', [name]),
    source: fields.text('source'),
    reference: fields.text('reference'),
    scopeName: fields.text('scopeName'),
    local: fields.flag('local'),
    digest: fields.digest('digest'),
    manifest: fields.digest('manifest'),
    platform: platform === undefined ? undefined : readPlatform(name, platform),
    kind: fields.oneOf('kind', PLUGIN_KINDS),
    verdict: parseVerdict(fields.record('verdict'), fields.time('installedAt')),
    evidence: fields.records('evidence').map(parseEvidence),
    files: fields.digest('files'),
    entry: parseEntry(fields.optionalRecord('entry')),
    installedAt: fields.time('installedAt'),
  };
}

function readPlatform(name: string, text: string): Platform {
  try {
    return parsePlatform(text);
  } catch (cause) {
    throw coreError('INSTALL_DAMAGED', `the receipt of ${name} is damaged: expected a platform`, { cause });
  }
}

/** Evidence that has a file of its own. */
export type KeptEvidence = SignatureEvidence | ManifestEvidence;

/** The evidence of a receipt that has a file of its own. */
export function keptEvidence({ evidence }: Receipt): readonly KeptEvidence[] {
  return evidence.filter((item) => item.type === 'signature' || item.type === 'manifest');
}

/** What of a receipt is judged again. */
export function receiptSubject(receipt: Receipt): Subject {
  const { scopeName, reference, local, digest, manifest } = receipt;
  return { scopeName, reference, local, root: digest, manifest };
}

function parseEntry(fields: RecordFields | undefined): ReceiptEntry | undefined {
  if (fields === undefined) return undefined;
  fields.only('path', 'size', 'digest');
  return { path: fields.relativePath('path'), size: fields.integer('size'), digest: fields.digest('digest') };
}
