import type { KeyObject } from 'node:crypto';
import type { EnvelopeJson } from './bundle-json.ts';
import { canonicalJson } from './canonical-json.ts';
import type { LabCertificate } from './certificate.ts';
import { preAuthEncoding } from './envelope.ts';
import { sha256 } from './hash.ts';
import { hashed, hashName, keyDetails, type LabHash, publicPem, spki } from './keys.ts';
import type { LogBody } from './transparency-log.ts';

/** What verifies a signature: a certificate, or a bare key. */
export type LabVerifier = LabCertificate | KeyObject;

/** A signature over bytes, to be logged. */
export interface LoggedSignature {
  readonly signed: Uint8Array;
  readonly signature: Buffer;
  readonly hash: LabHash;
  readonly verifier: LabVerifier;
}

/** `hashedrekord` 0.0.1: digest, signature, certificate or key. */
export function hashedrekordV1({ signed, signature, hash, verifier }: LoggedSignature): LogBody {
  const spec = {
    data: { hash: { algorithm: hash, value: hashed(signed, hash).toString('hex') } },
    signature: { content: signature.toString('base64'), publicKey: { content: verifierPem(verifier) } },
  };
  return { kind: 'hashedrekord', apiVersion: '0.0.1', spec };
}

/** `hashedrekord` 0.0.2. */
export function hashedrekordV2({ signed, signature, hash, verifier }: LoggedSignature): LogBody {
  const data = { algorithm: hashName(hash), digest: hashed(signed, hash).toString('base64') };
  const proof = { content: signature.toString('base64'), verifier: verifierJson(verifier) };
  return { kind: 'hashedrekord', apiVersion: '0.0.2', spec: { hashedRekordV002: { data, signature: proof } } };
}

/** `dsse` 0.0.1: digests of envelope and payload, the signatures. */
export function dsseV1(envelope: EnvelopeJson, verifier: LabVerifier): LogBody {
  const spec = {
    envelopeHash: { algorithm: 'sha256', value: sha256(JSON.stringify(envelope)).toString('hex') },
    payloadHash: { algorithm: 'sha256', value: sha256(payloadOf(envelope)).toString('hex') },
    signatures: (envelope.signatures ?? []).map(({ sig }) => ({ signature: sig, verifier: verifierPem(verifier) })),
  };
  return { kind: 'dsse', apiVersion: '0.0.1', spec };
}

/** `dsse` 0.0.2. */
export function dsseV2(envelope: EnvelopeJson, verifier: LabVerifier): LogBody {
  const dsseV002 = {
    payloadHash: { algorithm: 'SHA2_256', digest: sha256(payloadOf(envelope)).toString('base64') },
    signatures: (envelope.signatures ?? []).map(({ sig }) => ({ content: sig, verifier: verifierJson(verifier) })),
  };
  return { kind: 'dsse', apiVersion: '0.0.2', spec: { dsseV002 } };
}

/** `intoto` 0.0.2, where payload and signature are encoded twice. */
export function intotoV1(envelope: EnvelopeJson, verifier: LabVerifier): LogBody {
  const twice = (text: string | undefined): string => Buffer.from(text ?? '').toString('base64');
  const publicKey = verifierPem(verifier);
  const { payload, payloadType, signatures = [] } = envelope;
  const plain = { payloadType, payload, signatures: signatures.map(({ sig }) => ({ sig, publicKey })) };
  const content = {
    envelope: { payloadType, signatures: signatures.map(({ sig }) => ({ sig: twice(sig), publicKey })) },
    hash: { algorithm: 'sha256', value: sha256(canonicalJson(plain)).toString('hex') },
    payloadHash: { algorithm: 'sha256', value: sha256(payloadOf(envelope)).toString('hex') },
  };
  return { kind: 'intoto', apiVersion: '0.0.2', spec: { content } };
}

/** What the signature of an envelope is over. */
export function envelopeSigned(envelope: EnvelopeJson): Buffer {
  return preAuthEncoding(envelope.payloadType ?? '', payloadOf(envelope));
}

function payloadOf(envelope: EnvelopeJson): Buffer {
  return Buffer.from(envelope.payload ?? '', 'base64');
}

function verifierPem(verifier: LabVerifier): string {
  return Buffer.from('pem' in verifier ? verifier.pem : publicPem(verifier)).toString('base64');
}

function verifierJson(verifier: LabVerifier): object {
  return 'pem' in verifier
    ? { keyDetails: keyDetails(verifier.publicKey), x509Certificate: { rawBytes: verifier.der.toString('base64') } }
    : { keyDetails: keyDetails(verifier), publicKey: { rawBytes: spki(verifier).toString('base64') } };
}
