import { setTimeout as pause } from 'node:timers/promises';
import { type Digest, descriptorOf, MediaType, type Op, ociError, type Repository } from '@gantry/oci';
import { coreError } from '../core-errors.ts';
import { coreLimits } from '../core-limits.ts';
import { pushBytes } from './push-bytes.ts';
import { configBytes, holdsLayer, manifestBytes, readSignatureImage } from './signature-image.ts';
import type { SignatureLayer } from './signature-writer.ts';

/** The longest pause before another attempt, milliseconds, by lot: writers that met are not to meet again. */
const LONGEST_PAUSE = 250;

/**
 * Adds a layer to the image under a `.sig` tag and keeps everything that is there: read, merge, write, read back, and again
 * when another writer was faster. The protocol has no conditional write, so a writer between our read and our write loses
 * its layer unless it reads back as we do; when what is read back is not what was written a warning says so. Returns the
 * digest of the manifest. Throws `REGISTRY_CONFLICT` for a tag that holds something else, and after
 * `signatureWriteAttempts`; `SIGNATURE_LIMIT` when nobody would look at the layer any more.
 */
export async function appendSignature(
  repository: Repository,
  tag: string,
  layer: SignatureLayer,
  op?: Op,
): Promise<Digest> {
  const name = `${repository.name}:${tag}`;
  const what = { ...descriptorOf(layer.bytes, layer.mediaType), annotations: layer.annotations };
  await pushBytes(repository, what, layer.bytes, op);
  const attempts = coreLimits(op, 'signatureWriteAttempts');
  let image = await readSignatureImage(repository, tag, op);
  for (let attempt = 1; attempt <= attempts; attempt += 1) {
    requireRoom(image?.layers.length ?? 0, name, op);
    const configContent = configBytes(image, what);
    const config = descriptorOf(configContent, MediaType.imageConfig);
    await pushBytes(repository, config, configContent, op);
    const bytes = manifestBytes(image, config, what, name, op);
    const manifest = descriptorOf(bytes, MediaType.imageManifest);
    await repository.pushManifest(manifest, bytes, { tag }, op);
    image = await readSignatureImage(repository, tag, op);
    if (image !== undefined && holdsLayer(image, what)) {
      if (image.digest !== manifest.digest) reportRace(name, op);
      return image.digest;
    }
    await pause(Math.random() * LONGEST_PAUSE, undefined, op?.signal && { signal: op.signal });
  }
  throw ociError('REGISTRY_CONFLICT', `${name}: other writers replaced the signatures ${attempts} times`, {
    details: { reference: name, limit: 'signatureWriteAttempts', expected: attempts },
  });
}

function requireRoom(layers: number, name: string, op: Op | undefined): void {
  const most = coreLimits(op, 'signatureLayers');
  if (layers < most) return;
  throw coreError('SIGNATURE_LIMIT', `${name} has ${layers} signatures, and more than ${most} are not looked at`, {
    details: { limit: 'signatureLayers', expected: most, found: layers },
  });
}

function reportRace(name: string, op: Op | undefined): void {
  const message = 'another writer changed the signatures at the same time; check that all of them are there';
  op?.onEvent?.({ type: 'warning', from: name, message });
}
