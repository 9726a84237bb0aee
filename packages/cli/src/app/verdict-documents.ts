import type { AcceptedSignature, RejectedSignature, Verdict } from '@gantry/core';

/** A signature that satisfies the policy, in documents. */
export interface SignerDocument {
  /** The rule of the policy that accepted it. */
  readonly clause: string;
  readonly identity?: string | undefined;
  readonly issuer?: string | undefined;
  /** Digest of the public key. */
  readonly key?: string | undefined;
  readonly evidence: string;
  readonly format: string;
  readonly logIndex?: string | undefined;
  /** Whether trust material tells that the log holds the entry. */
  readonly logVerified?: boolean | undefined;
  /** ISO 8601. */
  readonly time?: string | undefined;
  readonly timeSource?: string | undefined;
}

/** What was decided about signatures, in documents. */
export interface SignaturesDocument {
  readonly accepted: boolean;
  /** Which of the two is signed; null when no signature counts. */
  readonly signed: 'index' | 'platform' | null;
  readonly policy: { readonly source: string; readonly clause: string };
  readonly policyDigest: string;
  readonly trustRootDigest: string | null;
  readonly signers: readonly SignerDocument[];
  readonly rejected: readonly RejectedDocument[];
  readonly stale: boolean;
}

/** A signature that does not count, in documents. */
export interface RejectedDocument {
  readonly evidence: string;
  readonly code: string;
  readonly message: string;
}

/** The document about a verdict and what was rejected on the way to it. */
export function signaturesDocument(verdict: Verdict, rejected: readonly RejectedSignature[]): SignaturesDocument {
  return {
    accepted: verdict.accepted,
    signed: verdict.signatures.length === 0 ? null : verdict.covers,
    policy: { source: verdict.policySource, clause: verdict.policy },
    policyDigest: verdict.policyDigest,
    trustRootDigest: verdict.trustRootDigest ?? null,
    signers: verdict.signatures.map(signerDocument),
    rejected: rejected.map(({ evidence, code, message }) => ({ evidence, code, message })),
    stale: verdict.stale,
  };
}

function signerDocument(signature: AcceptedSignature): SignerDocument {
  const { clause, identity, issuer, key, evidence, format, log, time, timeSource } = signature;
  return {
    clause,
    identity,
    issuer,
    key,
    evidence,
    format,
    logIndex: log?.index,
    logVerified: log?.verified,
    time: time === undefined ? undefined : new Date(time).toISOString(),
    timeSource,
  };
}

/** The same for people, as rows of a table. */
export function signatureRows(document: SignaturesDocument): string[][] {
  return [
    ['policy', `${document.policy.clause}, from ${document.policy.source}`],
    ['policy digest', document.policyDigest],
    ['trust root', document.trustRootDigest ?? 'none'],
    ['signed', document.signed ?? 'no'],
    ...document.signers.flatMap(signerRows),
  ];
}

/** A signature that counts, as rows of a table. */
export function signerRows(signer: SignerDocument): string[][] {
  return [
    ['signer', signer.clause],
    ...(signer.identity === undefined ? [] : [['identity', `${signer.identity}, by ${signer.issuer ?? 'nobody'}`]]),
    ['evidence', `${signer.evidence} (${signer.format})`],
    ['log', logText(signer)],
    ['time', signer.time === undefined ? 'none that is trusted' : `${signer.time}, from ${sourceName(signer)}`],
  ];
}

function logText({ logIndex, logVerified }: SignerDocument): string {
  if (logIndex === undefined) return 'none';
  return `entry ${logIndex}${logVerified === true ? '' : ', which no trust root confirms'}`;
}

function sourceName({ timeSource }: SignerDocument): string {
  return timeSource === 'tsa' ? 'a timestamp authority' : 'the log';
}
