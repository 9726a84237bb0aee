import { certificatePem, signature } from './keys.ts';
import type { SigstoreLab } from './lab.ts';
import { hashedrekordV1 } from './log-bodies.ts';
import { type LabSigner, labSigner, type SignerOptions } from './signer.ts';
import type { TimestampOptions } from './timestamp.ts';
import type { LogBody, LogOptions } from './transparency-log.ts';

/** How a simple-signing layer is made. What is left out is right. */
export interface SimpleOptions extends SignerOptions {
  /** Default: `v1` for certificates, none for keys. */
  readonly log?: 'v1' | 'none';
  readonly logOptions?: LogOptions;
  /** Whether there is a time stamp. Default false. */
  readonly tsa?: boolean | TimestampOptions;
  /** The chain annotation: in PEM as cosign 2 writes it (default), empty as cosign 3 does, or not there. */
  readonly chain?: 'pem' | 'empty' | 'absent';
  /** `docker-reference` of the payload. */
  readonly reference?: string;
  /** `-a` of cosign. */
  readonly claims?: Readonly<Record<string, string>>;
  /** Changes the payload before it is signed. */
  readonly payload?: (payload: SimplePayload) => unknown;
  /** What is logged instead. */
  readonly body?: (body: LogBody) => LogBody;
  /** Changes the annotations afterwards; undefined takes one away. */
  readonly annotations?: Readonly<Record<string, string | undefined>>;
}

/** The payload of simple signing (containers/image, docs/signature-protocols.md). */
export interface SimplePayload {
  readonly critical: {
    readonly identity: { readonly 'docker-reference': string };
    readonly image: { readonly 'docker-manifest-digest': string };
    readonly type: string;
  };
  readonly optional: Readonly<Record<string, string>> | null;
}

/** One layer of a `.sig` tag. */
export interface SignedSimple {
  readonly mediaType: string;
  readonly payload: Buffer;
  readonly annotations: Readonly<Record<string, string>>;
}

/** Names of the annotations that hold a signature and what proves it. */
export const SimpleAnnotation = {
  signature: 'dev.cosignproject.cosign/signature',
  certificate: 'dev.sigstore.cosign/certificate',
  chain: 'dev.sigstore.cosign/chain',
  bundle: 'dev.sigstore.cosign/bundle',
  timestamp: 'dev.sigstore.cosign/rfc3161timestamp',
} as const;

/** Signs a simple-signing payload about a digest. */
export function signSimple(lab: SigstoreLab, subject: string, options: SimpleOptions = {}): SignedSimple {
  const signer = labSigner(lab, options);
  const claims = Object.keys(options.claims ?? {}).length === 0 ? null : (options.claims ?? null);
  const right: SimplePayload = {
    critical: {
      identity: { 'docker-reference': options.reference ?? 'registry.example.com/plugin' },
      image: { 'docker-manifest-digest': subject },
      type: 'cosign container image signature',
    },
    optional: claims,
  };
  const payload = Buffer.from(JSON.stringify(options.payload === undefined ? right : options.payload(right)));
  const raw = signature(payload, signer.signingKey, signer.hash);
  const annotations: Record<string, string> = {
    [SimpleAnnotation.signature]: raw.toString('base64'),
    ...certificateAnnotations(signer, options.chain ?? 'pem'),
    ...logged(lab, payload, raw, signer, options),
    ...stamped(lab, raw, options.tsa ?? false),
  };
  for (const [name, value] of Object.entries(options.annotations ?? {})) {
    if (value === undefined) delete annotations[name];
    else annotations[name] = value;
  }
  return { mediaType: 'application/vnd.dev.cosign.simplesigning.v1+json', payload, annotations };
}

function certificateAnnotations({ certificate }: LabSigner, chain: SimpleOptions['chain']): Record<string, string> {
  if (certificate === undefined) return {};
  const pems = chain === 'empty' ? '' : certificate.chain.map(certificatePem).join('');
  return {
    [SimpleAnnotation.certificate]: certificate.pem,
    ...(chain === 'absent' ? {} : { [SimpleAnnotation.chain]: pems }),
  };
}

function logged(
  lab: SigstoreLab,
  signed: Buffer,
  raw: Buffer,
  { certificate, hash, verifier }: LabSigner,
  options: SimpleOptions,
): Record<string, string> {
  if ((options.log ?? (certificate === undefined ? 'none' : 'v1')) === 'none') return {};
  const body = hashedrekordV1({ signed, signature: raw, hash, verifier });
  const entry = lab.logV1.add(options.body?.(body) ?? body, options.logOptions);
  const bundle = {
    SignedEntryTimestamp: entry.inclusionPromise?.signedEntryTimestamp,
    Payload: {
      body: entry.canonicalizedBody,
      integratedTime: Number(entry.integratedTime),
      logIndex: Number(entry.logIndex),
      logID: Buffer.from(entry.logId?.keyId ?? '', 'base64').toString('hex'),
    },
  };
  return { [SimpleAnnotation.bundle]: JSON.stringify(bundle) };
}

function stamped(lab: SigstoreLab, raw: Buffer, tsa: boolean | TimestampOptions): Record<string, string> {
  if (tsa === false) return {};
  const stamp = lab.timestamp(raw, tsa === true ? {} : tsa).toString('base64');
  return { [SimpleAnnotation.timestamp]: JSON.stringify({ SignedRFC3161Timestamp: stamp }) };
}
