import { escapeRemote } from '@gantry/oci';
import { coreError } from '../../core-errors.ts';

/** What a version of the Sigstore bundle demands (sigstore_bundle.proto). */
export interface BundleVersion {
  readonly version: '0.1' | '0.2' | '0.3';
  /** What each log entry has to bring: a promise signed by the log, or a proof with a checkpoint. */
  readonly logEntry: 'promise' | 'proof';
  /** Whether the certificate may come in a chain. */
  readonly chain: boolean;
}

const V01: BundleVersion = { version: '0.1', logEntry: 'promise', chain: true };
const V02: BundleVersion = { version: '0.2', logEntry: 'proof', chain: true };
const V03: BundleVersion = { version: '0.3', logEntry: 'proof', chain: false };

const VERSIONS: ReadonlyMap<string, BundleVersion> = new Map([
  ['application/vnd.dev.sigstore.bundle+json;version=0.1', V01],
  ['application/vnd.dev.sigstore.bundle+json;version=0.2', V02],
  ['application/vnd.dev.sigstore.bundle+json;version=0.3', V03],
  ['application/vnd.dev.sigstore.bundle.v0.3+json', V03],
]);

/** The media types of the bundles that can be judged. */
export const BUNDLE_MEDIA_TYPES: readonly string[] = Object.freeze([...VERSIONS.keys()]);

/** The version that a layer and the JSON in it both name. Throws `SIGNATURE_VERSION`. */
export function bundleVersion(layer: string, inside: string): BundleVersion {
  const outer = versionOf(layer);
  const inner = versionOf(inside);
  if (outer !== inner) {
    throw coreError('SIGNATURE_VERSION', `the layer says bundle ${outer.version}, the bundle ${inner.version}`, {
      details: { expected: outer.version, found: inner.version },
    });
  }
  return inner;
}

function versionOf(mediaType: string): BundleVersion {
  const version = VERSIONS.get(mediaType);
  if (version === undefined) {
    throw coreError('SIGNATURE_VERSION', `unknown media type of a bundle: ${escapeRemote(mediaType)}`, {
      details: { found: escapeRemote(mediaType) },
    });
  }
  return version;
}
