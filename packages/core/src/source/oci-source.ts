import { basename } from 'node:path';
import {
  chooseManifest,
  formatPlatform,
  formatReference,
  hostPlatform,
  type Op,
  type PlatformOptions,
  type Reference,
  type Repository,
  repositoryName,
  WASM_PLATFORM,
} from '@gantry/oci';
import { coreError } from '../core-errors.ts';
import type { PackageSpec, ResolvedPlugin } from '../plugin/plugin.ts';
import { claimedKind } from './claims.ts';

/**
 * Resolves a reference in a repository: its tag is read in one request whose bytes are hashed, or not at all when it has a
 * digest; then the manifest for the platform is chosen by digest. Throws what the repository throws, `CONTENT_*`, and
 * `CONFIG_INVALID` for an integrity, which content with a digest of its own does not need.
 */
export async function resolveReference(
  repository: Repository,
  reference: Reference,
  spec: PackageSpec,
  options: PlatformOptions = {},
  op?: Op,
): Promise<ResolvedPlugin> {
  if (spec.integrity !== undefined) {
    throw coreError('CONFIG_INVALID', `${repositoryName(reference)}: an integrity is for files and tarballs`, {
      hint: 'add the digest to the reference: @sha256:…',
    });
  }
  const locked = reference.digest === undefined && spec.lockedDigest !== undefined;
  const root = await repository.resolve(locked ? { ...reference, digest: spec.lockedDigest } : reference, op);
  const wanted = spec.platform ?? hostPlatform();
  const chosen = await chooseManifest(repository, root, wanted, options, op);
  const { manifest, platform } = chosen;
  const config = manifest.kind === 'image' ? manifest.config : undefined;
  const claim = claimedKind({
    artifactType: manifest.artifactType,
    configType: config?.mediaType,
    layerTypes: manifest.layers.map((layer) => layer.mediaType),
    annotations: manifest.annotations,
    wasmPlatform: platform !== undefined && formatPlatform(platform) === formatPlatform(WASM_PLATFORM),
  });
  return {
    spec,
    source: formatReference(reference),
    scopeName: repositoryName(reference),
    reference: formatReference({ ...reference, digest: root.digest }),
    defaultName: basename(reference.kind === 'registry' ? reference.repository : reference.directory),
    pinned: reference.digest !== undefined,
    local: reference.kind === 'layout',
    root,
    manifest: chosen.descriptor,
    platform,
    kind: spec.kind ?? claim,
    artifactType: manifest.artifactType,
    layers: manifest.layers,
    config,
    annotations: manifest.annotations,
    entryPath: reference.path,
    content: repository,
    repository,
  };
}
