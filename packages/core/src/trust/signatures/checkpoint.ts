import { escapeRemote } from '@gantry/oci';
import { coreError } from '../../core-errors.ts';
import type { LogEntry } from './signature-reading.ts';
import { strictBase64 } from './strict-base64.ts';

/** What a checkpoint is compared with: the trust root's entry for the log. */
export interface KnownLog {
  readonly logID: Buffer;
  readonly baseURL: string;
}

const NOTE =
  /^([^\n]+)\n(0|[1-9][0-9]{0,15})\n([A-Za-z0-9+/=]+)\n(?:[^\n]+\n)*\n((?:\u2014 [^ \n]+ [A-Za-z0-9+/=]+\n)+)$/;

/**
 * Checks the names and numbers of the checkpoint of an inclusion proof (transparency-dev, "checkpoint" and "signed
 * note"); its signature is verified elsewhere. Origin and name of the signature have to be the host of the log's base
 * URL, exactly; Rekor v1 adds the id of its tree to the origin. The log signs once. Tree size and root hash of the proof
 * are those of the checkpoint. Throws `SIGNATURE_LOG`.
 */
export function checkCheckpoint(proof: NonNullable<LogEntry['inclusionProof']>, log: KnownLog): void {
  const match = NOTE.exec(proof.checkpoint?.envelope ?? '');
  if (match === null) throw coreError('SIGNATURE_LOG', 'the checkpoint is not a signed note');
  const [, origin = '', size = '', root = '', signatures = ''] = match;
  const host = URL.parse(log.baseURL)?.hostname ?? '';
  if (host === '')
    throw coreError('SIGNATURE_LOG', 'the trust root names no URL for the log, so its origin is unknown');
  const [name, tree] = origin.split(' - ');
  if (name !== host || (tree !== undefined && !/^[0-9]+$/.test(tree)) || origin.split(' - ').length > 2) {
    throw different('origin', host, origin);
  }
  const names = signatures
    .trimEnd()
    .split('\n')
    .map((line) => line.slice(2).split(' '))
    .filter(([, bytes = '']) => signedBy(bytes, log))
    .map(([signer = '']) => signer);
  if (names.length !== 1 || names[0] !== host) throw different('signature name', host, names.join(', ') || 'none');
  if (proof.treeSize !== size) throw different('tree size', proof.treeSize, size);
  if (proof.rootHash.toString('base64') !== root) throw different('root hash', proof.rootHash.toString('base64'), root);
}

/** The first four bytes of a signature tell the key. */
function signedBy(text: string, log: KnownLog): boolean {
  const bytes = strictBase64(text);
  if (bytes === undefined) throw coreError('SIGNATURE_LOG', 'the checkpoint is not a signed note');
  return bytes.subarray(0, 4).equals(log.logID.subarray(0, 4));
}

function different(what: string, expected: string, found: string): Error {
  return coreError('SIGNATURE_LOG', `${what} of the checkpoint: expected ${expected}, found ${escapeRemote(found)}`, {
    details: { what, expected, found: escapeRemote(found) },
  });
}
