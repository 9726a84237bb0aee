import type { Descriptor, Digest, Op, Repository } from '@gantry/oci';
import { coreError } from '../core-errors.ts';
import type { LoadedTrustRoot } from '../trust/material/trust-root.ts';
import type { SignatureDocument } from '../trust/signatures/signature-document.ts';
import { bundleWriter } from './bundle-writer.ts';
import { certifiedIdentity, checkSignature, type SignerCheck } from './check-signature.ts';
import { findSignature } from './find-signature.ts';
import type { SignatureLayer, SignatureWriter, SigningFormat } from './signature-writer.ts';
import type { Signer } from './signer.ts';
import { targetsOf } from './signing-targets.ts';
import type { Claims } from './statement.ts';
import { tagWriter } from './tag-writer.ts';
import { type ChosenWitnesses, chooseWitnesses, type Witnesses, witnessSignature } from './witness-signature.ts';

/** How {@link signArtifact} signs. */
export interface SignOptions {
  readonly signer: Signer;
  /** Default: a bundle as a referrer. */
  readonly format?: SigningFormat | 'both';
  /** Signs the manifests of an index too. Default false. */
  readonly recursive?: boolean;
  /** What the signature says besides, and who verifies may ask for. */
  readonly claims?: Claims;
  /** Logs and timestamp authorities to ask. A signer with a certificate needs them; a key signs without. */
  readonly witnesses?: Witnesses;
  /** When it is at hand, what is signed with a certificate is judged by it before it is published. */
  readonly trustRoot?: LoadedTrustRoot;
  /** How `cosign-v2` signatures name the repository. Default: its name; empty for a layout, which has none for others. */
  readonly reference?: string;
  /** Milliseconds since 1970, for judging. Default: the host's clock. */
  readonly now?: () => number;
}

/** A signature that is there now. */
export interface WrittenSignature {
  readonly format: SigningFormat;
  /** What is signed. */
  readonly digest: Digest;
  /** The manifest that holds the signature. */
  readonly manifest: Digest;
  /** The digest of the key, or the identity in the certificate. */
  readonly signer: string;
  /** In the transparency log, in decimal. */
  readonly logIndex?: string;
  /** When it was signed, as log or timestamp authority told, in ISO 8601. */
  readonly timestamp?: string;
  /** Set when the same key had signed the same before, so that nothing was added. */
  readonly existing?: true;
}

/**
 * Signs what is in a repository: the manifest or index itself, and with `recursive` everything that the index lists, the
 * index last. Each signature is made, witnessed, judged, and only then published. A key without witnesses that has signed
 * the same digest with the same claims before signs nothing new. Works with registries of any kind and with layouts.
 *
 * Throws what the signer throws; `CONFIG_SIGNING_SERVICE` when nothing tells the time of a certificate; `SIGNATURE_SERVICE`
 * and `REGISTRY_*` of the services; `SIGNATURE_*` when the trust root does not confirm them; and what pushing throws.
 */
export async function signArtifact(
  repository: Repository,
  root: Descriptor,
  options: SignOptions,
  op?: Op,
): Promise<readonly WrittenSignature[]> {
  const { signer, format = 'bundle', recursive = false } = options;
  const writers = [bundleWriter, tagWriter].filter((writer) => format === 'both' || writer.format === format);
  // Chosen before anything is signed, so that what cannot be done fails with nothing done.
  const plan = writers.map((writer) => ({ writer, chosen: chosenFor(writer, options, op) }));
  const name = signer.certificate === undefined ? signer.keyId : (await certifiedIdentity(signer.certificate)).identity;
  const written: WrittenSignature[] = [];
  for (const subject of await targetsOf(repository, root, recursive, op)) {
    for (const { writer, chosen } of plan) {
      written.push({ ...(await signOne(repository, subject, writer, chosen, options, op)), signer: name });
    }
  }
  return written;
}

function chosenFor(
  writer: SignatureWriter,
  { witnesses, signer }: SignOptions,
  op: Op | undefined,
): ChosenWitnesses | undefined {
  if (witnesses !== undefined) return chooseWitnesses(witnesses, writer, signer.certificate !== undefined, op);
  if (signer.certificate === undefined) return undefined;
  throw coreError('CONFIG_SIGNING_SERVICE', 'a certificate needs a log or a timestamp authority that tells the time');
}

async function signOne(
  repository: Repository,
  subject: Descriptor,
  writer: SignatureWriter,
  chosen: ChosenWitnesses | undefined,
  options: SignOptions,
  op: Op | undefined,
): Promise<Omit<WrittenSignature, 'signer'>> {
  const { signer, claims = {}, witnesses, trustRoot, now = Date.now } = options;
  const { format } = writer;
  const { digest } = subject;
  const check: SignerCheck = { signer, claims, trustRoot, logged: (chosen?.logs.length ?? 0) > 0, now: now() };
  if (chosen === undefined || (chosen.logs.length === 0 && chosen.timestampAuthorities.length === 0)) {
    const existing = await findSignature(writer.source(repository), subject, check, writer.judgedAs, op);
    if (existing !== undefined) return { format, digest, manifest: existing.manifest, existing: true };
  }
  const input = writer.input(digest, options.reference ?? publicName(repository), claims);
  const made = { ...input, signer, signature: Buffer.from(await signer.sign(input.message, op)) };
  const signature =
    witnesses === undefined || chosen === undefined
      ? { ...made, logEntries: [], timestamps: [] }
      : await witnessSignature(made, witnesses, chosen, op);
  const layer = writer.layer(input, signature);
  // Without trust material nothing can be said about a certificate that its issuer did not say itself.
  if (signer.certificate === undefined || trustRoot !== undefined) {
    await checkSignature(documentOf(writer, subject, layer), digest, { ...check, now: now() }, op);
  }
  const manifest = await writer.push(repository, subject, layer, op);
  const [entry] = signature.logEntries;
  return {
    format,
    digest,
    manifest,
    ...(entry === undefined ? {} : { logIndex: entry.logIndex }),
    ...(signature.time === undefined ? {} : { timestamp: new Date(signature.time).toISOString() }),
  };
}

/** As it will be found. */
function documentOf(writer: SignatureWriter, subject: Descriptor, layer: SignatureLayer): SignatureDocument {
  return { format: writer.judgedAs, subject: subject.digest, manifest: subject.digest, ...layer };
}

function publicName({ name }: Repository): string {
  return name.startsWith('oci-layout:') ? '' : name;
}
