import {
  type Descriptor,
  type Digest,
  type JsonObject,
  type JsonValue,
  MediaType,
  type Op,
  ociError,
  ociLimits,
  parseJson,
  parseManifest,
  type Repository,
  readAll,
  resolveTag,
} from '@gantry/oci';
import { jsonMember } from './json-member.ts';

/** The manifest under a `.sig` tag, as its JSON says, so that nothing in it is lost. */
export interface SignatureImage {
  readonly digest: Digest;
  readonly root: JsonObject;
  readonly layers: readonly Descriptor[];
  /** The JSON of the config; empty when that is not an object. */
  readonly config: JsonObject;
}

/**
 * Reads what is under a `.sig` tag; undefined when there is nothing. Throws `REGISTRY_CONFLICT` for something that holds no
 * signatures, which is left alone, and what reading throws.
 */
export async function readSignatureImage(
  repository: Repository,
  tag: string,
  op?: Op,
): Promise<SignatureImage | undefined> {
  const what = await resolveTag(repository, tag, op);
  if (what === undefined) return undefined;
  const bytes = await readAll(repository, what, op);
  const manifest = parseManifest(bytes, what, op);
  if (manifest.kind !== 'image') {
    throw ociError('REGISTRY_CONFLICT', `${repository.name}:${tag} holds something else than signatures`, {
      details: { reference: `${repository.name}:${tag}`, found: manifest.mediaType },
      retryable: false,
      hint: 'move what is under that tag away; it is reserved for the signatures of this digest',
    });
  }
  const config = parseJson(await readAll(repository, manifest.config, op), op);
  return {
    digest: what.digest,
    root: objectOf(parseJson(bytes, op)),
    layers: manifest.layers,
    config: objectOf(config),
  };
}

/** Whether an image has a layer: the same bytes and the same signature over them. */
export function holdsLayer(image: SignatureImage | undefined, layer: Descriptor): boolean {
  const wanted = Object.entries(layer.annotations ?? {});
  const same = ({ digest, annotations = {} }: Descriptor): boolean =>
    digest === layer.digest && wanted.every(([name, value]) => annotations[name] === value);
  return image?.layers.some(same) ?? false;
}

/** The config of an image with one more layer: what cosign writes, which the layers are counted by. */
export function configBytes(image: SignatureImage | undefined, layer: Descriptor): Buffer {
  const layers = [...(image?.layers ?? []), layer];
  const config = {
    architecture: '',
    created: LONG_AGO,
    os: '',
    config: {},
    ...image?.config,
    // The layers are not compressed, so that their digests are those of their content.
    rootfs: { type: 'layers', diff_ids: layers.map(({ digest }) => digest) },
    history: layers.map(() => ({ created: LONG_AGO })),
  };
  return Buffer.from(JSON.stringify(config));
}

/** The manifest of an image with one more layer; everything else in it stays. Throws `CONTENT_LIMIT`. */
export function manifestBytes(
  image: SignatureImage | undefined,
  config: Descriptor,
  layer: Descriptor,
  name: string,
  op?: Op,
): Buffer {
  const layers = jsonMember(image?.root, 'layers');
  const manifest = {
    ...image?.root,
    schemaVersion: 2,
    mediaType: MediaType.imageManifest,
    config: { mediaType: config.mediaType, size: config.size, digest: config.digest },
    layers: [...(Array.isArray(layers) ? layers : []), layer],
  };
  const bytes = Buffer.from(JSON.stringify(manifest));
  const most = ociLimits(op, 'manifestBytes');
  if (bytes.length <= most) return bytes;
  throw ociError('CONTENT_LIMIT', `${name} would have ${bytes.length} bytes, more than ${most} (manifestBytes)`, {
    details: { limit: 'manifestBytes', expected: most, found: bytes.length },
  });
}

const LONG_AGO = '0001-01-01T00:00:00Z';

function objectOf(value: JsonValue): JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};
}
