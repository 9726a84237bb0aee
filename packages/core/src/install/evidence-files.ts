import { digestAlgorithm, digestOf, isGantryError, type Op } from '@gantry/oci';
import { coreLimits } from '../core-limits.ts';
import { publishFile, syncDirectory } from '../files/durable.ts';
import type { SignatureEvidence } from '../trust/evidence.ts';
import { evidenceDigest } from '../trust/signatures/evidence-digest.ts';
import { decodeEvidence } from '../trust/signatures/evidence-file.ts';
import type { SignatureDocument } from '../trust/signatures/signature-document.ts';
import type { EvidenceFile } from '../trust/verified-plugin.ts';
import { damagedEvidence } from './assert-evidence.ts';
import { readRegularFile } from './read-file.ts';
import { type KeptEvidence, keptEvidence, type Receipt } from './receipt.ts';
import { evidenceFile, makePublic, type RootContext, rootModes } from './root-context.ts';

/** The documents that a receipt names, as they were found. */
export interface StoredEvidence {
  readonly documents: readonly SignatureDocument[];
  readonly manifests: readonly Uint8Array[];
}

/**
 * Writes the documents that a receipt is going to name, durable before this returns. One that is there already is written
 * again, which heals it when it was damaged. The caller holds them, so they are not collected meanwhile.
 */
export function writeEvidence(context: RootContext, files: readonly EvidenceFile[]): void {
  if (files.length === 0) return;
  const { fileSystem, paths } = context;
  const { file, directory } = rootModes(context);
  makePublic(fileSystem, paths.evidence, directory);
  syncDirectory(fileSystem, paths.root);
  for (const { digest, bytes } of files) publishFile(fileSystem, evidenceFile(context, digest), bytes, file);
}

/** Reads the documents of a receipt, each checked against its digest. Throws `INSTALL_DAMAGED`, `STORE_VERSION`. */
export function readEvidence(context: RootContext, receipt: Receipt, op?: Op): StoredEvidence {
  const documents: SignatureDocument[] = [];
  const manifests: Uint8Array[] = [];
  for (const item of keptEvidence(receipt)) {
    const bytes = readOne(context, receipt, item, op);
    if (item.type === 'signature') documents.push(readSignature(receipt, item, bytes, op));
    else if (digestOf(bytes, digestAlgorithm(item.digest)) === item.digest) manifests.push(bytes);
    else throw damagedEvidence(receipt, item, 'has other content than its digest says');
  }
  return { documents, manifests };
}

function readOne(context: RootContext, receipt: Receipt, item: KeptEvidence, op?: Op): Uint8Array {
  const path = evidenceFile(context, item.digest);
  const what = `the evidence ${item.digest} of ${receipt.name}`;
  const bytes = readRegularFile(context.fileSystem, path, what, coreLimits(op, 'receiptBytes'));
  if (bytes === undefined) throw damagedEvidence(receipt, item, 'is not there');
  return bytes;
}

function readSignature(receipt: Receipt, item: SignatureEvidence, bytes: Uint8Array, op?: Op): SignatureDocument {
  try {
    const document = decodeEvidence(bytes, op);
    if (evidenceDigest(document) === item.digest) return document;
  } catch (error) {
    if (isGantryError(error) && error.code !== 'INSTALL_DAMAGED') throw error;
    throw damagedEvidence(receipt, item, 'cannot be read', error);
  }
  throw damagedEvidence(receipt, item, 'has other content than its digest says');
}
