import {
  buildManifest,
  type Descriptor,
  type Digest,
  descriptorOf,
  EMPTY_CONFIG,
  type Op,
  type Repository,
} from '@gantry/oci';
import { referrerSignatures } from '../trust/evidence/referrer-signatures.ts';
import { PREDICATE_ANNOTATION } from '../trust/evidence/signature-types.ts';
import { preAuthEncoding } from '../trust/signatures/pre-auth-encoding.ts';
import { SIGNATURE_PREDICATE_TYPE, STATEMENT_PAYLOAD_TYPE } from '../trust/signatures/read-statement.ts';
import { BUNDLE_MEDIA_TYPE, bundleJson } from './bundle-json.ts';
import { LOG_VERSIONS } from './choose-services.ts';
import { pushBytes } from './push-bytes.ts';
import type { SignatureLayer, SignatureWriter } from './signature-writer.ts';
import { signingStatement } from './statement.ts';

/** Sigstore bundles as referrers: what cosign 3 writes, and other clients of Sigstore read. */
export const bundleWriter: SignatureWriter = {
  format: 'bundle',
  judgedAs: 'bundle',
  witnesses: Number.POSITIVE_INFINITY,
  logVersions: LOG_VERSIONS,
  source: referrerSignatures,
  input: (signed, _reference, claims) => {
    const payload = signingStatement(signed, claims);
    return { payload, message: preAuthEncoding(STATEMENT_PAYLOAD_TYPE, payload) };
  },
  layer: ({ payload = Buffer.of() }, signature) => ({
    mediaType: BUNDLE_MEDIA_TYPE,
    bytes: bundleJson(signature, payload),
    annotations: {},
  }),
  push,
};

/** The same shape as cosign's, down to the artifact type in the descriptor of the config. */
async function push(repository: Repository, subject: Descriptor, layer: SignatureLayer, op?: Op): Promise<Digest> {
  const bundle = descriptorOf(layer.bytes, layer.mediaType);
  const manifest = buildManifest({
    artifactType: BUNDLE_MEDIA_TYPE,
    config: { ...EMPTY_CONFIG.descriptor, artifactType: BUNDLE_MEDIA_TYPE },
    layers: [bundle],
    subject,
    annotations: {
      'dev.sigstore.bundle.content': 'dsse-envelope',
      [PREDICATE_ANNOTATION]: SIGNATURE_PREDICATE_TYPE,
      'org.opencontainers.image.created': new Date().toISOString().replace(/\.\d+Z$/, 'Z'),
    },
  });
  await pushBytes(repository, bundle, layer.bytes, op);
  await pushBytes(repository, EMPTY_CONFIG.descriptor, EMPTY_CONFIG.bytes, op);
  await repository.pushManifest(manifest.descriptor, manifest.bytes, {}, op);
  return manifest.descriptor.digest;
}
