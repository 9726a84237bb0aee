import type { KeyObject } from 'node:crypto';
import { signature } from './keys.ts';

/** Who signs checkpoints. */
export interface CheckpointSigner {
  /** First line of the note. */
  readonly origin: string;
  /** The name on the signature line. */
  readonly name: string;
  /** Tells the key: four bytes. */
  readonly hint: Buffer;
  readonly privateKey: KeyObject;
}

/** A signed checkpoint (C2SP tlog-checkpoint): size and root of a log. */
export function checkpoint(signer: CheckpointSigner, size: number, root: Buffer): string {
  const note = `${signer.origin}\n${size}\n${root.toString('base64')}\n`;
  const line = Buffer.concat([signer.hint, signature(Buffer.from(note), signer.privateKey)]).toString('base64');
  return `${note}\n\u2014 ${signer.name} ${line}\n`;
}
