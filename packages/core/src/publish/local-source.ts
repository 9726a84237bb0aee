import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Op } from '@gantry/oci';
import { coreError } from '../core-errors.ts';
import type { PackageSpec } from '../plugin/plugin.ts';
import { pluginArtifactType } from '../source/claims.ts';
import { openIntegrity } from '../source/integrity.ts';
import { makeManifest } from '../source/made-manifest.ts';
import { nameFromPath } from '../source/source-text.ts';
import type { TemporaryPlugin } from '../source/tarball-source.ts';
import { type LocalContent, openLocalContent } from './local-content.ts';

/**
 * Resolves a file or directory of this machine, named by its absolute path, in the form it would be published in. Disposing
 * removes what was packed for it. Throws `CONFIG_PATH_UNREADABLE`, `CONTENT_INTEGRITY`, and `CONFIG_INVALID` for an
 * integrity of a directory.
 */
export async function resolveLocal(path: string, spec: PackageSpec, op?: Op): Promise<TemporaryPlugin> {
  const opened = await openLocalContent(path, '', op);
  try {
    await checkIntegrity(path, spec, opened);
    return { plugin: localPlugin(path, spec, opened), [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose]() };
  } catch (error) {
    await opened[Symbol.asyncDispose]();
    throw error;
  }
}

function localPlugin(path: string, spec: PackageSpec, opened: LocalContent): TemporaryPlugin['plugin'] {
  const isNode = opened.form === 'directory' && existsSync(join(path, 'package.json'));
  const annotations = { 'org.opencontainers.image.title': opened.title };
  const layer = opened.form === 'directory' ? opened.descriptor : { ...opened.descriptor, annotations };
  const made = makeManifest(layer, isNode ? pluginArtifactType('node') : undefined, () => opened.content());
  const name = `file:${path}`;
  return {
    spec,
    source: name,
    scopeName: name,
    reference: `${name}#${opened.descriptor.digest}`,
    defaultName: nameFromPath(path),
    pinned: spec.integrity !== undefined,
    local: true,
    root: made.manifest,
    manifest: made.manifest,
    platform: undefined,
    kind: spec.kind ?? (isNode ? 'node' : undefined),
    artifactType: isNode ? pluginArtifactType('node') : undefined,
    layers: made.layers,
    config: made.config,
    annotations: {},
    entryPath: undefined,
    content: made.content,
    repository: undefined,
  };
}

async function checkIntegrity(path: string, spec: PackageSpec, opened: LocalContent): Promise<void> {
  if (spec.integrity === undefined) return;
  if (opened.form === 'directory') {
    throw coreError('CONFIG_INVALID', `${path}: a directory has no integrity`, { hint: 'pack it into a file first' });
  }
  const check = await openIntegrity(spec.integrity, `file:${path}`);
  for await (const chunk of opened.content()) check.update(chunk);
  check.finish();
}
