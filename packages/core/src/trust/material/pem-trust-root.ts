import { createHash, createPublicKey, type KeyObject, X509Certificate } from 'node:crypto';
import { parsePem } from './pem.ts';
import { policyKey } from './policy-key.ts';
import type { PemPart, PemParts } from './trust-root.ts';
import { unusable } from './trusted-root-json.ts';

/** One PEM file that was read. */
export interface PemFile {
  readonly kind: keyof PemParts;
  readonly part: PemPart;
  readonly text: string;
}

const TIME_STAMPING = '1.3.6.1.5.5.7.3.8';

/** The PEM files of a trust root as the `trusted_root.json` that says the same. Throws `SIGNATURE_TRUST_ROOT`. */
export function pemTrustedRoot(files: readonly PemFile[]): Uint8Array {
  const of = (kind: keyof PemParts): PemFile[] => files.filter((file) => file.kind === kind);
  const root = {
    mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1',
    certificateAuthorities: of('fulcio').map(authority),
    tlogs: of('rekor').flatMap(log),
    ctlogs: of('ct').flatMap(log),
    timestampAuthorities: of('tsa').map(authority),
  };
  return Buffer.from(JSON.stringify(root));
}

function authority(file: PemFile): object {
  const chain = certificates(file);
  checkChain(chain, file);
  return {
    uri: file.part.url,
    certChain: { certificates: chain.map(({ raw }) => ({ rawBytes: raw.toString('base64') })) },
    validFor: window(file.part),
  };
}

function certificates({ part, text }: PemFile): readonly X509Certificate[] {
  const blocks = parsePem(text) ?? [];
  if (blocks.length === 0 || blocks.some(({ label }) => label !== 'CERTIFICATE')) {
    throw unusable(part.path, 'expected PEM blocks CERTIFICATE and nothing else');
  }
  return blocks.map(({ der }) => {
    try {
      return new X509Certificate(der);
    } catch (cause) {
      throw unusable(part.path, 'a certificate in it cannot be read', cause);
    }
  });
}

/** The issuing or stamping certificate first, each issued by the next, the last by itself. */
function checkChain(chain: readonly X509Certificate[], { kind, part }: PemFile): void {
  for (const [index, certificate] of chain.entries()) {
    const issuer = chain[index + 1] ?? certificate;
    if (!certificate.checkIssued(issuer) || !certificate.verify(issuer.publicKey)) {
      const by = issuer === certificate ? 'itself: the root has to be the last' : `the certificate after it`;
      throw unusable(part.path, `certificate ${index + 1} is not issued by ${by}`);
    }
    const stamping = kind === 'tsa' && index === 0;
    if (!stamping && !certificate.ca) throw unusable(part.path, `certificate ${index + 1} is not one of an authority`);
  }
  const [first] = chain;
  if (kind === 'tsa' && !(first?.keyUsage ?? []).includes(TIME_STAMPING)) {
    throw unusable(part.path, 'the first certificate is not one for time stamping');
  }
}

function log({ part, text }: PemFile): readonly object[] {
  const key = logKey(part, text);
  const publicKey = { ...encoded(key), validFor: window(part) };
  return logIds(key, part.url).map((id) => ({
    baseUrl: part.url,
    hashAlgorithm: 'SHA2_256',
    publicKey,
    logId: { keyId: id.toString('base64') },
  }));
}

function logKey({ path }: PemPart, text: string): KeyObject {
  try {
    return createPublicKey(policyKey(text, path).pem);
  } catch (cause) {
    throw unusable(path, 'it is no public key of a log', cause);
  }
}

/** The library takes RSA keys in PKCS #1, all others as SPKI. */
function encoded(key: KeyObject): object {
  const type = key.asymmetricKeyType === 'rsa' ? 'pkcs1' : 'spki';
  const rawBytes = key.export({ type, format: 'der' }).toString('base64');
  return { rawBytes, keyDetails: keyDetails(key) };
}

function keyDetails({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): string {
  if (asymmetricKeyType === 'rsa') return 'PKCS1_RSA_PKCS1V5';
  if (asymmetricKeyType === 'ed25519') return 'PKIX_ED25519';
  switch (asymmetricKeyDetails?.namedCurve) {
    case 'prime256v1':
      return 'PKIX_ECDSA_P256_SHA_256';
    case 'secp384r1':
      return 'PKIX_ECDSA_P384_SHA_384';
    default:
      return 'PKIX_ECDSA_P521_SHA_512';
  }
}

/**
 * A log is known by the hash of its key (RFC 6962); one that signs checkpoints with Ed25519, as Rekor 2 does, by the hash
 * of its name and key (C2SP signed-note). Nothing in a PEM file tells the two apart, so such a key has both.
 */
function logIds(key: KeyObject, url: string | undefined): readonly Buffer[] {
  const spki = key.export({ type: 'spki', format: 'der' });
  const byKey = createHash('sha256').update(spki).digest();
  if (key.asymmetricKeyType !== 'ed25519' || url === undefined) return [byKey];
  const origin = new URL(url).hostname;
  const bare = spki.subarray(-32);
  const byName = createHash('sha256').update(`${origin}\n`).update(Buffer.of(1)).update(bare).digest();
  return [byKey, byName];
}

function window({ start, end }: PemPart): object {
  return { start, end };
}
