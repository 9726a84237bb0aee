import { createPrivateKey, type KeyObject } from 'node:crypto';
import { coreError } from '../core-errors.ts';
import { parsePem } from '../trust/material/pem.ts';
import { invalidPrivateKey } from './invalid-private-key.ts';
import { openSealedKey } from './sealed-key.ts';

/** Asks for the password of a private key. Called only when the key has one. */
export type Password = () => string | Promise<string>;

/** What cosign writes, and what it wrote before version 2. */
const SEALED = ['ENCRYPTED SIGSTORE PRIVATE KEY', 'ENCRYPTED COSIGN PRIVATE KEY'];
const PLAIN = ['PRIVATE KEY', 'EC PRIVATE KEY', 'RSA PRIVATE KEY'];
const ENCRYPTED = 'ENCRYPTED PRIVATE KEY';

/**
 * Reads a private key from PEM: cosign's encrypted form, PKCS #8 with or without encryption, SEC 1, PKCS #1. `name` is for
 * messages, which never have anything of the key in them. Throws `CONFIG_KEY_INVALID` and `CONFIG_KEY_PASSWORD`.
 */
export async function readPrivateKey(text: string, name: string, password: Password): Promise<KeyObject> {
  const blocks = parsePem(text)?.filter(({ label }) => label !== 'EC PARAMETERS');
  const [block] = blocks ?? [];
  if (block === undefined || blocks?.length !== 1) {
    const found = blocks === undefined ? 'something that is no PEM' : `${blocks.length}`;
    throw invalidPrivateKey(`${name}: expected one PEM block with a private key, found ${found}`);
  }
  const { label, der } = block;
  if (SEALED.includes(label)) {
    const opened = await openSealedKey(der, name, password);
    const key = parse(opened, 'PRIVATE KEY', name);
    opened.fill(0);
    return key;
  }
  if (label === ENCRYPTED) return parseEncrypted(der, name, await password());
  if (PLAIN.includes(label)) return parse(der, label, name);
  throw invalidPrivateKey(`${name}: expected a private key, found ${label}`);
}

function parse(der: Buffer, label: string, name: string): KeyObject {
  const type = label.startsWith('EC') ? 'sec1' : label.startsWith('RSA') ? 'pkcs1' : 'pkcs8';
  try {
    return createPrivateKey({ key: der, format: 'der', type });
  } catch {
    // The cause stays out: nothing that read the bytes of a secret gets into an error.
    throw invalidPrivateKey(`${name}: the private key in it is damaged`);
  }
}

function parseEncrypted(der: Buffer, name: string, passphrase: string): KeyObject {
  try {
    return createPrivateKey({ key: der, format: 'der', type: 'pkcs8', passphrase });
  } catch {
    throw coreError('CONFIG_KEY_PASSWORD', `${name}: the password does not open this key, or the file is damaged`);
  }
}
