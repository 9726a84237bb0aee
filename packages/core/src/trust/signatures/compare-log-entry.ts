import { createHash } from 'node:crypto';
import { escapeRemote, type Op } from '@gantry/oci';
import { coreError } from '../../core-errors.ts';
import { type LoggedVerifier, readLogBody } from './log-body.ts';
import type { LogEntry, SignatureReading } from './signature-reading.ts';

const HASHES: ReadonlySet<string> = new Set(['sha256', 'sha384', 'sha512']);

/**
 * Compares what a log recorded with the signature it came with: digest, signature, and the certificate or key that made
 * it (C4). All three must be equal; an entry about anything else is `SIGNATURE_LOG`. Needs no trust material.
 */
export function compareLogEntry(
  entry: LogEntry,
  reading: Pick<SignatureReading, 'message' | 'payload' | 'signature'>,
  verifier: LoggedVerifier,
  op?: Op,
): void {
  const body = readLogBody(entry, op);
  const recorded = body.over === 'message' ? reading.message : reading.payload;
  if (recorded === undefined) {
    throw coreError('SIGNATURE_LOG', `a log entry ${entry.kindVersion.kind} about a signature without an envelope`);
  }
  if (!HASHES.has(body.hash)) {
    throw coreError('SIGNATURE_LOG', `the log entry names the hash ${escapeRemote(body.hash)}`);
  }
  const expected = createHash(body.hash).update(recorded).digest();
  if (!expected.equals(body.digest)) {
    throw different('digest', expected.toString('hex'), body.digest.toString('hex'));
  }
  if (!reading.signature.equals(body.signature)) {
    throw different('signature', reading.signature.toString('base64'), body.signature.toString('base64'));
  }
  if (body.verifier.type !== verifier.type) throw different('signer', verifier.type, body.verifier.type);
  if (!verifier.der.equals(body.verifier.der)) {
    throw different(verifier.type, fingerprint(verifier.der), fingerprint(body.verifier.der));
  }
}

function different(what: string, expected: string, found: string): Error {
  return coreError('SIGNATURE_LOG', `the log entry has another ${what}: expected ${expected}, found ${found}`, {
    details: { what, expected, found },
  });
}

function fingerprint(der: Buffer): string {
  return `sha256:${createHash('sha256').update(der).digest('hex')}`;
}
