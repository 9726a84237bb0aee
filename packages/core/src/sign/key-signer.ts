import { createPublicKey } from 'node:crypto';
import { digestOf, type Op } from '@gantry/oci';
import { readConfigText } from '../config/read-config-text.ts';
import { coreError } from '../core-errors.ts';
import { keyService } from '../trust/material/key-service.ts';
import { keyAlgorithm, signBytes } from './key-algorithm.ts';
import { type Password, readPrivateKey } from './private-key.ts';
import type { Signer } from './signer.ts';
import { writePem } from './write-pem.ts';

/**
 * Opens the private key in a PEM file as a signer. `password` is asked only when the key has one. Throws
 * `CONFIG_KEY_UNSUPPORTED` for `awskms://` and its kin, `CONFIG_UNREADABLE`, `CONFIG_KEY_INVALID`, `CONFIG_KEY_PASSWORD`.
 */
export async function openKeySigner(file: string, password: Password, op?: Op): Promise<Signer> {
  const elsewhere = keyService(file);
  if (elsewhere !== undefined) {
    throw coreError('CONFIG_KEY_UNSUPPORTED', `keys in ${elsewhere} are not signed with: expected the path of a file`, {
      details: { scheme: elsewhere },
    });
  }
  const text = await readConfigText(file, op);
  if (text === undefined) throw coreError('CONFIG_UNREADABLE', `${file}: there is no such file`, { details: { file } });
  return keySigner(text, file, password);
}

/** As {@link openKeySigner}, for the text of the file; `name` is for messages. */
export async function keySigner(pem: string, name: string, password: Password): Promise<Signer> {
  const key = await readPrivateKey(pem, name, password);
  const algorithm = keyAlgorithm(key, name);
  const spki = createPublicKey(key).export({ type: 'spki', format: 'der' });
  return {
    publicKey: writePem('PUBLIC KEY', spki),
    keyId: digestOf(spki),
    algorithm,
    sign: async (bytes) => signBytes(key, algorithm, bytes),
  };
}
