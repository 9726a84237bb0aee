import { randomBytes, scrypt } from 'node:crypto';
import { type JsonValue, parseJson } from '@gantry/oci';
import type nacl from 'tweetnacl';
import { coreError } from '../core-errors.ts';
import { strictBase64 } from '../trust/signatures/strict-base64.ts';
import { invalidPrivateKey } from './invalid-private-key.ts';
import { jsonMember } from './json-member.ts';

/** The parameters of scrypt that cosign accepts; a file with others could ask for any amount of memory and time. */
const COSTS: readonly number[] = [2 ** 15, 2 ** 16, 2 ** 17];
const COST = 2 ** 16;
const BLOCK_SIZE = 8;
const SALT_BYTES = 32;
const NONCE_BYTES = 24;
const KEY_BYTES = 32;

/**
 * Encrypts a private key as cosign does (go-securesystemslib, `encrypted`): scrypt makes a key of the password, NaCl's
 * secretbox encrypts, JSON holds both with their parameters.
 */
export async function sealKey(plain: Uint8Array, password: string): Promise<Buffer> {
  const nacl = await secretbox();
  const salt = randomBytes(SALT_BYTES);
  const nonce = randomBytes(NONCE_BYTES);
  const key = await deriveKey(password, salt, COST);
  const ciphertext = nacl(plain, nonce, key);
  key.fill(0);
  const document = {
    kdf: { name: 'scrypt', params: { N: COST, r: BLOCK_SIZE, p: 1 }, salt: salt.toString('base64') },
    cipher: { name: 'nacl/secretbox', nonce: nonce.toString('base64') },
    ciphertext: Buffer.from(ciphertext).toString('base64'),
  };
  return Buffer.from(JSON.stringify(document));
}

/**
 * Decrypts what {@link sealKey} or cosign made. The password is asked for only when the form is right; `name` is the file's,
 * for messages, which have nothing of its content in them. Throws `CONFIG_KEY_INVALID` and `CONFIG_KEY_PASSWORD`.
 */
export async function openSealedKey(
  sealed: Uint8Array,
  name: string,
  password: () => string | Promise<string>,
): Promise<Buffer> {
  const { cost, salt, nonce, ciphertext } = readSealed(sealed, name);
  const nacl = await secretbox();
  const key = await deriveKey(await password(), salt, cost);
  const plain = nacl.open(ciphertext, nonce, key);
  key.fill(0);
  if (plain === null) {
    throw coreError('CONFIG_KEY_PASSWORD', `${name}: the password does not open this key, or the file is damaged`);
  }
  return Buffer.from(plain.buffer, plain.byteOffset, plain.byteLength);
}

interface Sealed {
  readonly cost: number;
  readonly salt: Buffer;
  readonly nonce: Buffer;
  readonly ciphertext: Buffer;
}

function readSealed(bytes: Uint8Array, name: string): Sealed {
  const invalid = (message: string): Error => invalidPrivateKey(`${name}: ${message}`);
  let root: JsonValue;
  try {
    root = parseJson(bytes);
  } catch {
    throw invalid('the encrypted key does not hold strict JSON');
  }
  if (jsonMember(root, 'kdf', 'name') !== 'scrypt' || jsonMember(root, 'cipher', 'name') !== 'nacl/secretbox') {
    throw invalid('expected the key to be encrypted by scrypt and nacl/secretbox');
  }
  const params = jsonMember(root, 'kdf', 'params');
  const cost = COSTS.find((known) => known === jsonMember(params, 'N'));
  if (cost === undefined || jsonMember(params, 'r') !== BLOCK_SIZE || jsonMember(params, 'p') !== 1) {
    throw invalid(`expected the key to be encrypted by scrypt with N of ${COSTS.join(', ')}, r = 8 and p = 1`);
  }
  const salt = bytesOf(jsonMember(root, 'kdf', 'salt'));
  const nonce = bytesOf(jsonMember(root, 'cipher', 'nonce'));
  const ciphertext = bytesOf(jsonMember(root, 'ciphertext'));
  if (salt?.length !== SALT_BYTES || nonce?.length !== NONCE_BYTES || ciphertext === undefined) {
    throw invalid('the salt, nonce or ciphertext of the key is not base64 of the right length');
  }
  return { cost, salt, nonce, ciphertext };
}

function bytesOf(value: JsonValue | undefined): Buffer | undefined {
  return typeof value === 'string' ? strictBase64(value) : undefined;
}

function deriveKey(password: string, salt: Buffer, cost: number): Promise<Buffer> {
  const options = { N: cost, r: BLOCK_SIZE, p: 1, maxmem: 256 * cost * BLOCK_SIZE };
  return new Promise((resolve, reject) => {
    scrypt(password, salt, KEY_BYTES, options, (error, key) => (error === null ? resolve(key) : reject(error)));
  });
}

async function secretbox(): Promise<nacl.secretbox> {
  return (await import('tweetnacl')).default.secretbox;
}
