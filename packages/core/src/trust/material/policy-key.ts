import { createPublicKey, type KeyObject } from 'node:crypto';
import { digestOf } from '@gantry/oci';
import { coreError } from '../../core-errors.ts';
import type { PolicyKey } from '../requirement.ts';
import { type PemBlock, parsePem, pemLabels } from './pem.ts';

const LABEL = 'PUBLIC KEY';

/** Curves by the names that OpenSSL has for them. */
const CURVES: ReadonlySet<string | undefined> = new Set(['prime256v1', 'secp384r1', 'secp521r1']);

const RSA_BITS = { least: 2048, most: 16_384 };

/**
 * A public key of the policy from PEM text: exactly one block `PUBLIC KEY` (SPKI, RFC 5280) of a kind in docs/keys.md.
 * `name` says where it came from, for people. Throws `CONFIG_KEY_INVALID`, which says what was given instead.
 */
export function policyKey(pem: string, name: string): PolicyKey {
  const block = onlyBlock(pem, name);
  const key = parseKey(block, name);
  checkKind(key, name);
  // Two encodings of one key would be two keys toward a threshold (C6, C13).
  if (!canonicalDer(key).equals(block.der)) throw invalid(name, 'the key is not encoded in the usual way');
  return { id: digestOf(block.der), name, pem: key.export({ type: 'spki', format: 'pem' }).toString() };
}

function onlyBlock(pem: string, name: string): PemBlock {
  const other = pemLabels(pem).find((label) => label !== LABEL);
  if (other !== undefined) throw invalid(name, `expected a public key, found ${instead(other)}`);
  const blocks = parsePem(pem);
  const [block] = blocks ?? [];
  if (blocks === undefined || block === undefined) {
    throw invalid(name, `expected one PEM block ${LABEL} and nothing else`);
  }
  if (blocks.length > 1) throw invalid(name, `expected one public key, found ${blocks.length}; list each by itself`);
  return block;
}

function instead(label: string): string {
  if (label.endsWith('CERTIFICATE')) return 'a certificate';
  if (label.endsWith('PRIVATE KEY')) return 'a private key, which belongs nowhere near a policy';
  if (label === 'RSA PUBLIC KEY') return 'RSA PUBLIC KEY (PKCS #1); openssl rsa -RSAPublicKey_in -pubout converts it';
  return label;
}

function parseKey({ der }: PemBlock, name: string): KeyObject {
  try {
    return createPublicKey({ key: der, format: 'der', type: 'spki' });
  } catch (cause) {
    throw invalid(name, 'the PEM block holds no public key that can be read', cause);
  }
}

/** Through the numbers of the key, so that a point in compressed form does not stay one. */
function canonicalDer(key: KeyObject): Buffer {
  const numbers = createPublicKey({ key: key.export({ format: 'jwk' }), format: 'jwk' });
  return numbers.export({ type: 'spki', format: 'der' });
}

function checkKind(key: KeyObject, name: string): void {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details = {} } = key;
  switch (type) {
    case 'ed25519':
      return;
    case 'ec':
      if (CURVES.has(details.namedCurve)) return;
      throw invalid(name, `the curve ${details.namedCurve ?? 'without a name'} is not P-256, P-384 or P-521`);
    case 'rsa':
      checkRsa(details.modulusLength ?? 0, details.publicExponent ?? 0n, name);
      return;
    default:
      throw invalid(name, `${type ?? 'this'} keys are not used for signatures here`);
  }
}

/** With an exponent of 1 everybody can sign; the small ones have been broken often enough. */
function checkRsa(bits: number, exponent: bigint, name: string): void {
  if (bits < RSA_BITS.least || bits > RSA_BITS.most) {
    throw invalid(name, `an RSA key of ${bits} bits, expected ${RSA_BITS.least} to ${RSA_BITS.most}`);
  }
  if (exponent !== 65_537n) throw invalid(name, `an RSA key with exponent ${exponent}, expected 65537`);
}

function invalid(name: string, problem: string, cause?: unknown): Error {
  return coreError('CONFIG_KEY_INVALID', `${name}: ${problem}`, { cause, details: { key: name } });
}
