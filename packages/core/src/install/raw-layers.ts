import { join } from 'node:path';
import { createHasher, type Descriptor, escapeRemote, type Op, ociError } from '@gantry/oci';
import { coreError } from '../core-errors.ts';
import { errorCode, removeQuietly } from '../files/durable.ts';
import { openFlags } from '../files/file-system.ts';
import { isWasmLayer } from '../source/claims.ts';
import { layerFileName } from '../source/layer-title.ts';
import { classifyHead, type FileClass } from '../source/magic.ts';
import type { DiskStore } from '../store/content-store.ts';
import type { InstalledFile } from './content-record.ts';
import { headOf } from './layer-form.ts';
import { type RootContext, rootModes } from './root-context.ts';

/**
 * Writes a layer that is a file of its own into a staged tree, hashed on the way, and syncs it. Its name is the last
 * segment of its title, else one that follows from what it is. Native files and scripts can be executed.
 * Throws `CONTENT_TYPE_MISMATCH`, `ARCHIVE_UNSAFE_PATH`, `ARCHIVE_COLLISION`, and what the store throws.
 */
export async function writeRawLayer(
  context: RootContext,
  store: DiskStore,
  layer: Descriptor,
  tree: string,
  op?: Op,
): Promise<InstalledFile> {
  const { fileSystem } = context;
  const found = classifyHead(await headOf(store, layer, op));
  checkMediaType(layer, found);
  const path = layerFileName(layer, op) ?? defaultFileName(layer, found);
  const modes = rootModes(context);
  const executable = found === 'executable';
  const fd = createFile(context, join(tree, path), path, layer);
  try {
    const hasher = createHasher();
    for await (const chunk of store.open(layer, op)) {
      hasher.update(chunk);
      await fileSystem.writeAsync(fd, chunk);
    }
    fileSystem.chmod(fd, executable ? modes.executable : modes.file);
    fileSystem.reached('install.raw-written');
    await fileSystem.syncAsync(fd);
    return { path, size: layer.size, executable, digest: hasher.digest() };
  } catch (error) {
    removeQuietly(fileSystem, join(tree, path));
    throw error;
  } finally {
    fileSystem.close(fd);
  }
}

function createFile(context: RootContext, target: string, path: string, layer: Descriptor): number {
  try {
    return context.fileSystem.open(target, openFlags.create, 0o600);
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error;
    throw coreError('ARCHIVE_COLLISION', `two layers, one of them ${layer.digest}, have the name ${path}`, {
      details: { digest: layer.digest, path },
    });
  }
}

function defaultFileName(layer: Descriptor, found: FileClass): string {
  if (found === 'wasm') return 'plugin.wasm';
  return found === 'executable' ? 'plugin' : layer.digest.slice(layer.digest.indexOf(':') + 1).slice(0, 12);
}

// SAFETY D12: a login page or a packed module that is called Wasm never reaches a runtime.
function checkMediaType(layer: Descriptor, found: FileClass): void {
  const wasm = isWasmLayer(layer.mediaType) && found !== 'wasm';
  const html = found === 'html' && layer.mediaType !== 'text/html';
  if (!wasm && !html) return;
  const claimed = escapeRemote(layer.mediaType);
  throw ociError('CONTENT_TYPE_MISMATCH', `${layer.digest}: called ${claimed}, but its bytes are ${nameOf(found)}`, {
    details: { digest: layer.digest, expected: claimed, found },
  });
}

function nameOf(found: FileClass): string {
  if (found === 'other') return 'something else';
  return found === 'empty' ? 'none' : found;
}
