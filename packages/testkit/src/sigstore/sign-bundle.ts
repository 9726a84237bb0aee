import { type Digest, digestHex, digestOf } from '@gantry/oci';
import type { BundleJson, EnvelopeJson, LogEntryJson } from './bundle-json.ts';
import type { LabCertificate } from './certificate.ts';
import { type Edit, edited } from './edited.ts';
import { signEnvelope } from './envelope.ts';
import { sha256 } from './hash.ts';
import { hashed, hashName, signature, spki } from './keys.ts';
import type { SigstoreLab } from './lab.ts';
import { dsseV1, dsseV2, envelopeSigned, hashedrekordV1, hashedrekordV2, intotoV1 } from './log-bodies.ts';
import { type LabSigner, labSigner, type SignerOptions } from './signer.ts';
import type { TimestampOptions } from './timestamp.ts';
import type { LogBody, LogOptions } from './transparency-log.ts';

/** What is signed: a digest, or the bytes of the manifest, which a message signature needs. */
export type BundleSubject = Digest | Uint8Array;

/** How a bundle is made. What is left out is right. */
export interface BundleOptions extends SignerOptions {
  /** An envelope around a statement (default), or a signature over the manifest itself. */
  readonly content?: 'dsse' | 'message';
  readonly version?: '0.1' | '0.2' | '0.3';
  /** The media type inside the bundle. Default: that of the version. */
  readonly mediaType?: string;
  /** Default: `v1` for bundles before 0.3, `v2` for certificates, none for keys. */
  readonly log?: 'v1' | 'v2' | 'none';
  /** How it is logged. Default: `dsse` in version 1 and `hashedrekord` in version 2, as cosign 3 does. */
  readonly entryKind?: 'hashedrekord' | 'dsse' | 'intoto';
  readonly logOptions?: LogOptions;
  /** Whether there is a time stamp. Default: with the log of version 2, which tells no time. */
  readonly tsa?: boolean | TimestampOptions;
  readonly predicateType?: string;
  readonly payloadType?: string;
  /** `-a` of cosign: annotations of the statement's subject. */
  readonly claims?: Readonly<Record<string, string>>;
  /** Changes the statement before it is signed. */
  readonly statement?: (statement: Readonly<Record<string, unknown>>) => unknown;
  /** The whole payload of the envelope instead of a statement. */
  readonly payload?: Uint8Array;
  /** What is logged instead. */
  readonly body?: (body: LogBody) => LogBody;
  /** What becomes of the log entries: none, two, another one. */
  readonly entries?: (entries: LogEntryJson[]) => LogEntryJson[];
  /** Changes by place in the finished bundle: {@link edited}. */
  readonly edits?: Readonly<Record<string, Edit>>;
  /** Changes the text of the finished bundle. */
  readonly text?: (json: string) => string;
}

/** A bundle, and what it was made of. */
export interface SignedBundle {
  /** For the layer and the artifact type. */
  readonly mediaType: string;
  readonly bytes: Buffer;
  readonly json: BundleJson;
  readonly content: 'dsse' | 'message';
  readonly predicateType: string;
  readonly certificate: LabCertificate | undefined;
  /** The raw signature. */
  readonly signature: Buffer;
}

/** The predicate of what cosign 3 signs. */
export const COSIGN_SIGN_PREDICATE = 'https://sigstore.dev/cosign/sign/v1';

const MEDIA_TYPES = {
  '0.1': 'application/vnd.dev.sigstore.bundle+json;version=0.1',
  '0.2': 'application/vnd.dev.sigstore.bundle+json;version=0.2',
  '0.3': 'application/vnd.dev.sigstore.bundle.v0.3+json',
} as const;

/** Signs, logs and stamps as the options say. */
export function signBundle(lab: SigstoreLab, subject: BundleSubject, options: BundleOptions = {}): SignedBundle {
  const signer = labSigner(lab, options);
  const content = contentOf(subject, signer, options);
  const version = options.version ?? '0.3';
  const entries = logged(lab, signer, content, options);
  const json: BundleJson = {
    mediaType: options.mediaType ?? MEDIA_TYPES[version],
    verificationMaterial: {
      ...keyMaterial(signer, version),
      ...(entries.length === 0 ? {} : { tlogEntries: entries }),
      ...stamped(lab, content.signature, options),
    },
    ...content.json,
  };
  const changed = Object.entries(options.edits ?? {}).reduce((all, [path, edit]) => edited(all, path, edit), json);
  const text = JSON.stringify(changed);
  return {
    mediaType: MEDIA_TYPES[version],
    bytes: Buffer.from(options.text?.(text) ?? text),
    json: changed,
    content: options.content ?? 'dsse',
    predicateType: options.predicateType ?? COSIGN_SIGN_PREDICATE,
    certificate: signer.certificate,
    signature: content.signature,
  };
}

interface Content {
  readonly json: Pick<BundleJson, 'dsseEnvelope' | 'messageSignature'>;
  readonly envelope?: EnvelopeJson;
  readonly signed: Uint8Array;
  readonly signature: Buffer;
}

function contentOf(subject: BundleSubject, signer: LabSigner, options: BundleOptions): Content {
  const { hash, signingKey } = signer;
  if (options.content === 'message') {
    if (typeof subject === 'string') throw new TypeError('a message signature needs the bytes of its subject');
    const raw = signature(subject, signingKey, hash);
    const digest = { algorithm: hashName(hash), digest: hashed(subject, hash).toString('base64') };
    const messageSignature = { messageDigest: digest, signature: raw.toString('base64') };
    return { json: { messageSignature }, signed: subject, signature: raw };
  }
  const payload = options.payload ?? Buffer.from(JSON.stringify(statementOf(subject, options)));
  const type = options.payloadType ?? 'application/vnd.in-toto+json';
  const envelope = signEnvelope(payload, type, signingKey, hash);
  const raw = Buffer.from(envelope.signatures?.[0]?.sig ?? '', 'base64');
  return { json: { dsseEnvelope: envelope }, envelope, signed: envelopeSigned(envelope), signature: raw };
}

function statementOf(subject: BundleSubject, options: BundleOptions): unknown {
  const digest = typeof subject === 'string' ? subject : digestOf(subject);
  const [algorithm = ''] = digest.split(':', 1);
  const statement = {
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ digest: { [algorithm]: digestHex(digest) }, annotations: options.claims ?? {} }],
    predicateType: options.predicateType ?? COSIGN_SIGN_PREDICATE,
    predicate: {},
  };
  return options.statement === undefined ? statement : options.statement(statement);
}

function keyMaterial({ certificate, publicKey }: LabSigner, version: BundleOptions['version']): object {
  if (certificate === undefined) return { publicKey: { hint: sha256(spki(publicKey)).toString('base64') } };
  const rawBytes = certificate.der.toString('base64');
  return version === '0.3' ? { certificate: { rawBytes } } : { x509CertificateChain: { certificates: [{ rawBytes }] } };
}

/** Which log a bundle goes to. */
function logOf(options: BundleOptions): 'v1' | 'v2' | 'none' {
  if (options.log !== undefined) return options.log;
  if (options.key !== undefined && options.identity === undefined) return 'none';
  return (options.version ?? '0.3') === '0.3' ? 'v2' : 'v1';
}

function logged(lab: SigstoreLab, signer: LabSigner, content: Content, options: BundleOptions): LogEntryJson[] {
  const log = logOf(options);
  const entries: LogEntryJson[] = [];
  if (log !== 'none') {
    const body = bodyOf(log, signer, content, options.entryKind);
    const target = log === 'v1' ? lab.logV1 : lab.logV2;
    entries.push(target.add(options.body?.(body) ?? body, options.logOptions));
  }
  return options.entries?.(entries) ?? entries;
}

function bodyOf(log: 'v1' | 'v2', signer: LabSigner, content: Content, kind: BundleOptions['entryKind']): LogBody {
  const { envelope, signed } = content;
  const { hash, verifier } = signer;
  const wanted = kind ?? (envelope !== undefined && log === 'v1' ? 'dsse' : 'hashedrekord');
  const plain = { signed, signature: content.signature, hash, verifier };
  if (envelope === undefined || wanted === 'hashedrekord')
    return log === 'v1' ? hashedrekordV1(plain) : hashedrekordV2(plain);
  if (wanted === 'intoto') return intotoV1(envelope, verifier);
  return log === 'v1' ? dsseV1(envelope, verifier) : dsseV2(envelope, verifier);
}

function stamped(lab: SigstoreLab, raw: Buffer, options: BundleOptions): object {
  const tsa = options.tsa ?? logOf(options) === 'v2';
  if (tsa === false) return {};
  const stamp = lab.timestamp(raw, tsa === true ? {} : tsa).toString('base64');
  return { timestampVerificationData: { rfc3161Timestamps: [{ signedTimestamp: stamp }] } };
}
