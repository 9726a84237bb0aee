import { createPublicKey } from 'node:crypto';
import { type Op, parseJson, type Transport } from '@gantry/oci';
import { parsePem } from '../trust/material/pem.ts';
import { type LeafCertificate, leafCertificate } from '../trust/signatures/leaf-certificate.ts';
import { sigstoreLibrary } from '../trust/signatures/sigstore-library.ts';
import type { IdentityToken } from './identity-token.ts';
import { jsonMember } from './json-member.ts';
import type { Signer } from './signer.ts';
import { askServiceJson, readAnswer, serviceUrl } from './signing-service.ts';

/** A certificate for a key, and who it says that the signer is. */
export interface IssuedCertificate {
  /** X.509, DER. */
  readonly der: Buffer;
  readonly leaf: LeafCertificate;
}

const FORMS = ['signedCertificateEmbeddedSct', 'signedCertificateDetachedSct'];

/**
 * Has Fulcio certify that whoever the token names holds a key: the key signs the subject of the token as proof. The token
 * goes to this service and nowhere else. The certificate has to be for this very key and for signing code; who issued it
 * is for the trust root to tell. Throws `SIGNATURE_SERVICE`, and what {@link askServiceJson} throws.
 */
export async function requestCertificate(
  transport: Transport,
  authority: URL,
  key: Pick<Signer, 'publicKey' | 'sign'>,
  token: IdentityToken,
  op?: Op,
): Promise<IssuedCertificate> {
  const url = serviceUrl(authority, '/api/v2/signingCert');
  const proof = await key.sign(Buffer.from(token.subject), op);
  const publicKeyRequest = {
    publicKey: { algorithm: 'ECDSA', content: key.publicKey },
    proofOfPossession: Buffer.from(proof).toString('base64'),
  };
  const authorization = `Bearer ${token.value}`;
  const answer = await askServiceJson(transport, url, { publicKeyRequest }, { authorization, repeatable: true }, op);
  const library = await sigstoreLibrary();
  return readAnswer(url, () => {
    const leaf = leafCertificate(firstCertificate(answer.bytes, op), library);
    if (!leaf.key.equals(createPublicKey(key.publicKey))) throw new Error('the certificate is for another key');
    return { der: leaf.x509.root.toDER(), leaf };
  });
}

/** The chain comes with it; the trust root has its own. */
function firstCertificate(bytes: Uint8Array, op: Op | undefined): Buffer {
  const answer = parseJson(bytes, op);
  const form = FORMS.find((name) => jsonMember(answer, name) !== undefined) ?? '';
  const first = jsonMember(answer, form, 'chain', 'certificates', 0);
  const [block, ...others] = parsePem(typeof first === 'string' ? first : '') ?? [];
  if (block?.label !== 'CERTIFICATE' || others.length > 0) throw new Error('expected certificates in PEM');
  return block.der;
}
