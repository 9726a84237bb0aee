import { X509Certificate } from 'node:crypto';
import type { PemFile } from '@gantry/core';

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;
/** More than any chain has. */
const MOST = 8;

/**
 * The authorities of a trust root that policy.json writes as a heap of certificates: those of `caPath`, and the intermediate ones
 * that a signature brings along when one of those issued them. Each is a chain up to a certificate that issued itself.
 * A certificate that cannot be read is left to who loads the trust root.
 */
export function fulcioChains(authorities: PemFile, brought: string | undefined): readonly PemFile[] {
  const trusted = certificatesIn(authorities.text);
  if (trusted === undefined || trusted.length === 0) return [authorities];
  const chains = trusted.map((certificate) => chainOf(certificate, trusted));
  for (const certificate of certificatesIn(brought ?? '')?.slice(0, MOST) ?? []) {
    if (!certificate.ca || trusted.some(({ fingerprint256 }) => fingerprint256 === certificate.fingerprint256))
      continue;
    const issuer = trusted.find((one) => isIssuedBy(certificate, one));
    if (issuer !== undefined) chains.push([certificate, ...chainOf(issuer, trusted)]);
  }
  return chains.map((chain) => ({ ...authorities, text: chain.map(String).join('') }));
}

function chainOf(first: X509Certificate, among: readonly X509Certificate[]): X509Certificate[] {
  const chain = [first];
  for (let last = first; chain.length < MOST && !isIssuedBy(last, last); ) {
    const issuer = among.find((one) => isIssuedBy(last, one));
    if (issuer === undefined) break;
    chain.push(issuer);
    last = issuer;
  }
  return chain;
}

function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}

function certificatesIn(text: string): readonly X509Certificate[] | undefined {
  try {
    return (text.match(CERTIFICATE) ?? []).map((block) => new X509Certificate(block));
  } catch {
    return undefined;
  }
}
