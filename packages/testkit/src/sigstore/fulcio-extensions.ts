import { utf8String } from '../der.ts';
import type { X509Extension } from './x509.ts';

/** Fulcio's extensions about who built something (fulcio/docs/oid-info.md): the last number of 1.3.6.1.4.1.57264.1.N. */
export const FULCIO_CLAIMS = {
  workflowTrigger: 2,
  workflowSha: 3,
  workflowName: 4,
  workflowRepository: 5,
  workflowRef: 6,
  buildSigner: 9,
  buildSignerDigest: 10,
  runnerEnvironment: 11,
  sourceRepository: 12,
  sourceRepositoryDigest: 13,
  ref: 14,
  sourceRepositoryId: 15,
  sourceRepositoryOwner: 16,
  sourceRepositoryOwnerId: 17,
  buildConfig: 18,
  buildConfigDigest: 19,
  buildTrigger: 20,
  runInvocation: 21,
  sourceRepositoryVisibility: 22,
} as const;

/** Values of the extensions, by name. */
export type FulcioClaims = { readonly [Name in keyof typeof FULCIO_CLAIMS]?: string };

/** Who identified the signer: the same in both extensions, one of them, or two that disagree. */
export type IssuerClaim = string | { readonly v1?: string; readonly v2?: string };

/** The issuer, 1.1 (bare text) and 1.8 (UTF8String). */
export function issuerExtensions(issuer: IssuerClaim): X509Extension[] {
  const { v1, v2 } = typeof issuer === 'string' ? { v1: issuer, v2: issuer } : issuer;
  return [...(v1 === undefined ? [] : [claim(1, v1)]), ...(v2 === undefined ? [] : [claim(8, v2)])];
}

/** The other extensions, in ascending order. */
export function claimExtensions(claims: FulcioClaims): X509Extension[] {
  return Object.entries(FULCIO_CLAIMS).flatMap(([name, number]) => {
    const value = claims[name as keyof FulcioClaims];
    return value === undefined ? [] : [claim(number, value)];
  });
}

/** Up to 1.6 the value is the text itself, from 1.8 on it is DER. */
function claim(number: number, text: string): X509Extension {
  return { oid: `1.3.6.1.4.1.57264.1.${number}`, value: number <= 6 ? Buffer.from(text) : utf8String(text) };
}
