import { type Digest, digestOf } from '@gantry/oci';
import {
  type BundleOptions,
  type LabKeyPair,
  publicPem,
  type SignedBundle,
  type SignedSimple,
  type SigstoreLab,
  type SimpleOptions,
  sigstoreLab,
  type TrustedRootJson,
} from '@gantry/testkit';
import { TrustedRoot } from '@sigstore/protobuf-specs';
import type { LoadedTrustRoot } from '../material/trust-root.ts';
import type { IdentityRule, PolicyKey, SignatureRequirement } from '../requirement.ts';
import type { SignatureDocument } from './signature-document.ts';
import type { SignatureQuestion } from './signature-question.ts';

/** The manifest that everything is about, and the index that lists it. */
export const MANIFEST: Buffer = Buffer.from('{"schemaVersion":2,"config":{}}');
export const MANIFEST_DIGEST: Digest = digestOf(MANIFEST);
export const INDEX: Buffer = Buffer.from(`{"schemaVersion":2,"manifests":[{"digest":"${MANIFEST_DIGEST}"}]}`);
export const INDEX_DIGEST: Digest = digestOf(INDEX);
/** A digest of something else. */
export const OTHER_DIGEST: Digest = digestOf(Buffer.from('something else'));

/** Noon of a day, the time of the labs made here. */
export const NOON: number = Date.UTC(2026, 2, 1, 12);

/** Who signs in the lab unless a test says otherwise. */
export const RELEASE_RULE: IdentityRule = {
  issuer: { exact: 'https://issuer.example' },
  identity: { exact: 'release@example.com' },
};

/** A lab whose clock stands still at {@link NOON}. */
export function noonLab(): SigstoreLab {
  return sigstoreLab({ now: () => NOON });
}

/** A keyless requirement with the defaults of a trust entry. */
export function keyless(changes: Partial<SignatureRequirement> = {}): SignatureRequirement {
  return {
    keys: [],
    identities: [RELEASE_RULE],
    threshold: 1,
    log: 'required',
    timestamp: 'any',
    ct: 'required',
    subject: 'either',
    claims: {},
    trustRoot: { type: 'file', path: '/trusted_root.json' },
    ...changes,
  };
}

/** A requirement of keys with the defaults of a trust entry. */
export function byKeys(
  pairs: readonly LabKeyPair[],
  changes: Partial<SignatureRequirement> = {},
): SignatureRequirement {
  return keyless({
    keys: pairs.map(policyKeyOf),
    identities: [],
    log: 'none',
    timestamp: 'none',
    trustRoot: { type: 'none' },
    ...changes,
  });
}

/** A key as a policy holds it. */
export function policyKeyOf({ publicKey }: Pick<LabKeyPair, 'publicKey'>, index: number = 0): PolicyKey {
  const id = digestOf(publicKey.export({ type: 'spki', format: 'der' }));
  return { id, name: `key${index}.pub`, pem: publicPem(publicKey) };
}

/** A trust root as it is at hand. */
export function loaded(json: TrustedRootJson): LoadedTrustRoot {
  const digest = digestOf(Buffer.from(JSON.stringify(json)));
  return { digest, name: 'the lab', root: TrustedRoot.fromJSON(json), stale: false };
}

/** The question about {@link MANIFEST}, named by itself, an hour after {@link NOON}. */
export function question(
  requirement: SignatureRequirement,
  trustRoot: LoadedTrustRoot | undefined,
  changes: Partial<SignatureQuestion> = {},
): SignatureQuestion {
  return {
    root: MANIFEST_DIGEST,
    manifest: MANIFEST_DIGEST,
    requirement,
    trustRoot,
    now: NOON + 3_600_000,
    ...changes,
  };
}

/** A bundle as it is found at a digest. */
export function found(bundle: SignedBundle, changes: Partial<SignatureDocument> = {}): SignatureDocument {
  return {
    format: 'bundle',
    subject: MANIFEST_DIGEST,
    manifest: digestOf(bundle.bytes),
    mediaType: bundle.mediaType,
    bytes: bundle.bytes,
    annotations: {},
    ...changes,
  };
}

/** A layer of a `.sig` tag as it is found at a digest. */
export function foundSimple(layer: SignedSimple, changes: Partial<SignatureDocument> = {}): SignatureDocument {
  return {
    format: 'simple-signing',
    subject: MANIFEST_DIGEST,
    manifest: digestOf(layer.payload),
    mediaType: layer.mediaType,
    bytes: layer.payload,
    annotations: layer.annotations,
    ...changes,
  };
}

/** Signs {@link MANIFEST} in a bundle. */
export function bundleOf(lab: SigstoreLab, options: BundleOptions = {}): SignatureDocument {
  return found(lab.signBundle(MANIFEST, options));
}

/** Signs {@link MANIFEST} in a layer. */
export function simpleOf(lab: SigstoreLab, options: SimpleOptions = {}): SignatureDocument {
  return foundSimple(lab.signSimple(MANIFEST_DIGEST, options));
}
