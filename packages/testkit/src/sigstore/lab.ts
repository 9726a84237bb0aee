import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Cleanup } from '../cleanup.ts';
import { type LabAuthority, labAuthority } from './authority.ts';
import { type CertificateRequest, issueCertificate, type LabCertificate } from './certificate.ts';
import { sha256 } from './hash.ts';
import { certificatePem, type LabKeyPair, labKeyPair, publicPem, spki } from './keys.ts';
import { type LabServices, type ServeLabOptions, serveLab } from './serve-lab.ts';
import { type BundleOptions, type BundleSubject, type SignedBundle, signBundle } from './sign-bundle.ts';
import { type SignedSimple, type SimpleOptions, signSimple } from './sign-simple.ts';
import { type TimestampOptions, timestampOver } from './timestamp.ts';
import { issueToken, type TokenOptions, type TokenSubject } from './tokens.ts';
import { logV1, logV2, type TransparencyLog } from './transparency-log.ts';
import { type TrustedRootJson, trustedRootJson } from './trusted-root.ts';

/** Options of {@link sigstoreLab}. */
export interface SigstoreLabOptions {
  /** The clock of all its services, milliseconds since 1970. Default: the real one. */
  readonly now?: () => number;
  /** Whether there is a log of certificates. Default true; without it certificates carry no promise. */
  readonly ct?: boolean;
  /** Who issues certificates. Default: an intermediate below a root of its own. */
  readonly fulcio?: LabAuthority;
  /** Who stamps. Default: a certificate below a root of its own. */
  readonly tsa?: LabAuthority;
  /** Host of the log of version 1, and the name in its checkpoints. Default `rekor1.lab.test`. */
  readonly rekorV1Host?: string;
  /** Host of the log of version 2. Default `rekor2.lab.test`. */
  readonly rekorV2Host?: string;
}

/** The parts of a lab's trust root in PEM. */
export interface LabPems {
  /** Intermediate, then root. */
  readonly fulcio: string;
  readonly fulcioRoot: string;
  readonly rekorV1: string;
  readonly rekorV2: string;
  readonly ct: string;
  /** The stamping certificate, then the root. */
  readonly tsa: string;
}

/** A private Sigstore in this process: it trusts nobody, nobody trusts it, and it makes whatever a test asks for. */
export interface SigstoreLab {
  readonly now: () => number;
  /** Who issues certificates: the intermediate authority. */
  readonly fulcio: LabAuthority;
  readonly logV1: TransparencyLog;
  readonly logV2: TransparencyLog;
  readonly ctLog: (LabKeyPair & Pick<TransparencyLog, 'baseUrl' | 'id'>) | undefined;
  readonly tsa: LabAuthority;
  /** Trusts everything here; a fresh copy at each read. */
  readonly trustedRoot: TrustedRootJson;
  readonly pem: LabPems;
  /** A signing certificate, right or wrong. */
  certificate(request?: CertificateRequest): LabCertificate;
  /** A `TimeStampResp` over bytes: over the raw signature, when it is to stamp one. */
  timestamp(bytes: Uint8Array, options?: TimestampOptions): Buffer;
  /** A Sigstore bundle. By default what cosign 3 makes: keyless, DSSE, version 0.3, Rekor version 2 and a time stamp. */
  signBundle(subject: BundleSubject, options?: BundleOptions): SignedBundle;
  /** A layer of the `.sig` tag. By default what cosign 2 makes: keyless, Rekor version 1. */
  signSimple(subject: string, options?: SimpleOptions): SignedSimple;
  /** Writes the trust root into a directory, which is made; the answer is the path of `trusted_root.json`. */
  trustedRootFile(directory: string): Promise<string>;
  /** An identity token that the lab's Fulcio takes. */
  token(subject: TokenSubject, options?: TokenOptions): string;
  /** Fulcio, both Rekors and the time stamp authority over HTTP on loopback, until the test ends. */
  serve(t: Cleanup, options?: ServeLabOptions): Promise<LabServices>;
}

/** Makes a lab. Its keys are fresh each time, so that two labs never trust each other. */
export function sigstoreLab(options: SigstoreLabOptions = {}): SigstoreLab {
  const now = options.now ?? Date.now;
  const made = now();
  const fulcio = options.fulcio ?? newFulcio(made);
  const tsa = options.tsa ?? newTsa(made);
  const v1 = logV1({ now, host: options.rekorV1Host ?? 'rekor1.lab.test' });
  const v2 = logV2({ now, host: options.rekorV2Host ?? 'rekor2.lab.test' });
  const ctLog = options.ct === false ? undefined : newCtLog();
  const issuerKey = labKeyPair();
  const parts = {
    logs: [v1, v2],
    ctLogs: ctLog === undefined ? [] : [ctLog],
    authorities: [fulcio],
    timestampAuthorities: [tsa],
    validity: { start: made - 300 * 86_400_000 },
  };
  const lab: SigstoreLab = {
    now,
    fulcio,
    logV1: v1,
    logV2: v2,
    ctLog,
    tsa,
    get trustedRoot(): TrustedRootJson {
      return trustedRootJson(parts);
    },
    pem: {
      fulcio: fulcio.chain.map(certificatePem).join(''),
      fulcioRoot: fulcio.chain.slice(-1).map(certificatePem).join(''),
      rekorV1: publicPem(v1.publicKey),
      rekorV2: publicPem(v2.publicKey),
      ct: ctLog === undefined ? '' : publicPem(ctLog.publicKey),
      tsa: tsa.chain.map(certificatePem).join(''),
    },
    certificate: (request = {}) => issueCertificate({ authority: fulcio, ctLog, now }, request),
    timestamp: (bytes, stamp) => timestampOver(bytes, tsa, now(), stamp),
    signBundle: (subject, bundle) => signBundle(lab, subject, bundle),
    signSimple: (subject, simple) => signSimple(lab, subject, simple),
    trustedRootFile: async (directory) => {
      await mkdir(directory, { recursive: true });
      const path = join(directory, 'trusted_root.json');
      await writeFile(path, JSON.stringify(lab.trustedRoot));
      return path;
    },
    token: (subject, token) => issueToken(issuerKey, now(), subject, token),
    serve: (t, serve) => serveLab(t, lab, issuerKey, serve),
  };
  return lab;
}

function newFulcio(now: number): LabAuthority {
  const root = labAuthority('lab fulcio root', now, { pathLength: 1 });
  return labAuthority('lab fulcio', now, { signedBy: root, pathLength: 0, use: 'codeSigning' });
}

function newTsa(now: number): LabAuthority {
  const root = labAuthority('lab tsa root', now, { pathLength: 0 });
  return labAuthority('lab tsa', now, { signedBy: root, use: 'timeStamping', keyType: 'P-256' });
}

function newCtLog(): NonNullable<SigstoreLab['ctLog']> {
  const pair = labKeyPair();
  return { ...pair, baseUrl: 'https://ct.lab.test', id: sha256(spki(pair.publicKey)) };
}
