import { type Descriptor, type Manifest, type Op, parseManifest, type Repository, readAll } from '@gantry/oci';
import { coreError } from '../../core-errors.ts';
import { coreLimits } from '../../core-limits.ts';
import { SIMPLE_SIGNING_MEDIA_TYPE } from '../signatures/read-simple-signing.ts';
import type { SignatureDocument, SignatureFormat } from '../signatures/signature-document.ts';
import { candidateFault } from './candidate-fault.ts';
import type { Found } from './evidence-source.ts';
import { isBundleType } from './signature-types.ts';

/** A manifest that may hold signatures, and what it is said to be about. */
export interface Candidate {
  readonly manifest: Descriptor;
  readonly subject: Descriptor;
  /** Whether the manifest itself has to name the subject. A tag made from the digest names it in its place. */
  readonly linked: boolean;
}

/**
 * Opens a manifest and yields the signatures in it, each layer when it is asked for: one request for the manifest, and one for
 * each layer. A layer that is larger than is read is not fetched at all. Nothing is yielded for a manifest without signatures.
 */
export async function* readSignatures(
  repository: Repository,
  candidate: Candidate,
  op?: Op,
): AsyncGenerator<Found, void, undefined> {
  const name = `${repository.name}@${candidate.manifest.digest}`;
  let layers: readonly Descriptor[];
  try {
    layers = signatureLayers(await openManifest(repository, candidate, op));
  } catch (error) {
    yield { documents: [], fault: candidateFault(error, name) };
    return;
  }
  const most = coreLimits(op, 'signatureLayers');
  // One payload may be signed several times: the layers differ in their annotations alone, and it is fetched once.
  const payloads = new Map<string, Uint8Array>();
  for (const layer of layers.slice(0, most)) {
    try {
      const bytes = payloads.get(layer.digest) ?? (await readLayer(repository, layer, name, op));
      payloads.set(layer.digest, bytes);
      yield { documents: [documentOf(candidate, layer, bytes)] };
    } catch (error) {
      yield { documents: [], fault: candidateFault(error, name) };
    }
  }
  if (layers.length > most) {
    const message = `${name} has ${layers.length} signatures, more than ${most} are not looked at`;
    yield {
      documents: [],
      cut: coreError('SIGNATURE_LIMIT', message, {
        details: { limit: 'signatureLayers', expected: most, found: layers.length },
      }),
    };
  }
}

async function openManifest(repository: Repository, candidate: Candidate, op?: Op): Promise<Manifest> {
  const { manifest: what, subject, linked } = candidate;
  const manifest = parseManifest(await readAll(repository, what, op), what, op);
  const about = manifest.subject?.digest;
  if (about === subject.digest || (!linked && about === undefined)) return manifest;
  throw coreError(
    'SIGNATURE_SUBJECT',
    `${what.digest} is about ${about ?? 'nothing'} and not about ${subject.digest}`,
    {
      details: { manifest: what.digest, expected: subject.digest, found: about ?? null },
    },
  );
}

/** The layers are what tells: a manifest may be of any type, and it may hold other things as well. */
function signatureLayers(manifest: Manifest): readonly Descriptor[] {
  return manifest.kind === 'index' ? [] : manifest.layers.filter(({ mediaType }) => formatOf(mediaType) !== undefined);
}

function formatOf(mediaType: string): SignatureFormat | undefined {
  if (mediaType === SIMPLE_SIGNING_MEDIA_TYPE) return 'simple-signing';
  return isBundleType(mediaType) ? 'bundle' : undefined;
}

async function readLayer(repository: Repository, layer: Descriptor, name: string, op?: Op): Promise<Uint8Array> {
  const most = coreLimits(op, 'signatureBytes');
  const annotations = JSON.stringify(layer.annotations ?? {}).length;
  if (layer.size + annotations > most) {
    const size = layer.size + annotations;
    throw coreError('SIGNATURE_LIMIT', `${name}: a signature has ${size} bytes, more than ${most}`, {
      details: { limit: 'signatureBytes', expected: most, found: size },
    });
  }
  return readAll(repository, layer, op);
}

function documentOf({ manifest, subject }: Candidate, layer: Descriptor, bytes: Uint8Array): SignatureDocument {
  const format = formatOf(layer.mediaType) ?? 'bundle';
  return {
    format,
    subject: subject.digest,
    manifest: manifest.digest,
    mediaType: layer.mediaType,
    bytes,
    annotations: format === 'bundle' ? {} : (layer.annotations ?? {}),
  };
}
