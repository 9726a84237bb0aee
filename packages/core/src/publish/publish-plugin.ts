import { existsSync } from 'node:fs';
import { join } from 'node:path';
import {
  type BuiltManifest,
  type ContentSink,
  type Descriptor,
  formatPlatform,
  MediaType,
  type Op,
  ociError,
  type Platform,
} from '@gantry/oci';
import { coreError } from '../core-errors.ts';
import type { PluginKind } from '../plugin/plugin.ts';
import { type LocalContent, openLocalContent } from './local-content.ts';
import { readNodePackage } from './node-package.ts';
import { pluginConfig, pluginIndex, pluginManifest } from './plugin-manifest.ts';

/** What is to be published. Paths are absolute. */
export interface PublishRequest {
  /** Files and directories of one plugin, the first one being what runs; or one for each platform, which makes an index. */
  readonly content: readonly string[] | readonly PlatformPath[];
  /** Default: what the bytes of the first file say; a directory with a package.json is a Node package, any other files. */
  readonly kind?: PluginKind;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly tag?: string;
}

/** The file that is the plugin on one platform. */
export interface PlatformPath {
  readonly platform: Platform;
  readonly path: string;
}

/** What was published. */
export interface PublishedPlugin {
  /** Of the manifest, or of the index. */
  readonly root: Descriptor;
  readonly kind: PluginKind;
  readonly platforms: readonly Platform[];
  readonly layers: readonly Descriptor[];
}

/** One manifest that was pushed. */
interface PushedManifest {
  readonly built: BuiltManifest;
  readonly kind: PluginKind;
  readonly layers: readonly Descriptor[];
}

/**
 * Publishes local files as a plugin: blobs first, then the manifest, then the index, the tag with the last of them.
 * The same input gives the same bytes. Throws `CONFIG_PATH_UNREADABLE`, `CONFIG_INVALID`, `ARCHIVE_UNSAFE_LINK`,
 * `ARCHIVE_UNSAFE_ENTRY` about the input, and what the sink throws.
 */
export async function publishPlugin(sink: ContentSink, request: PublishRequest, op?: Op): Promise<PublishedPlugin> {
  const { annotations = {}, tag } = request;
  const tagged = tag === undefined ? {} : { tag };
  if (!isByPlatform(request.content)) {
    const { built, kind, layers } = await pushManifest(sink, request.content, request, tagged, op);
    return { root: built.descriptor, kind, layers, platforms: [] };
  }
  const platforms = request.content.map(({ platform }) => platform);
  requireDistinct(platforms);
  const pushed: (PushedManifest & { readonly platform: Platform })[] = [];
  for (const { platform, path } of request.content) {
    pushed.push({ platform, ...(await pushManifest(sink, [path], request, {}, op)) });
  }
  const kind = request.kind ?? pushed[0]?.kind ?? 'files';
  const entries = pushed.map(({ platform, built }) => ({ platform, descriptor: built.descriptor }));
  const index = pluginIndex(kind, entries, annotations);
  await sink.pushManifest(index.descriptor, index.bytes, tagged, op);
  return { root: index.descriptor, kind, platforms, layers: pushed.flatMap(({ layers }) => layers) };
}

async function pushManifest(
  sink: ContentSink,
  paths: readonly string[],
  request: PublishRequest,
  tagged: { readonly tag?: string },
  op?: Op,
): Promise<PushedManifest> {
  const [first] = paths;
  if (first === undefined) throw coreError('CONFIG_INVALID', 'nothing is named that could be published');
  const nodePackage =
    request.kind === 'node' || (request.kind === undefined && isNodePackage(first))
      ? readNodePackage(first)
      : undefined;
  const opened: LocalContent[] = [];
  try {
    for (const path of paths) opened.push(await openLocalContent(path, nodePackage?.directory ?? '', op));
    const kind = request.kind ?? (nodePackage === undefined ? kindOf(opened[0]) : 'node');
    requireWasm(kind, opened[0]);
    const layers: Descriptor[] = [];
    for (const item of opened) {
      const layer = asLayer(item, kind);
      await sink.pushBlob(layer, () => item.content(), op);
      layers.push(layer);
    }
    const config = pluginConfig(kind);
    await sink.pushBlob(
      config.descriptor,
      async function* () {
        yield config.bytes;
      },
      op,
    );
    const { annotations = {} } = request;
    const built = pluginManifest({
      kind,
      layers,
      annotations,
      ...(nodePackage && { dynamicPackages: nodePackage.dynamicPackages }),
    });
    await sink.pushManifest(built.descriptor, built.bytes, tagged, op);
    return { built, kind, layers };
  } finally {
    for (const item of opened) await item[Symbol.asyncDispose]();
  }
}

function asLayer({ descriptor, form, title }: LocalContent, kind: PluginKind): Descriptor {
  const mediaType = kind === 'wasm' && form === 'wasm' ? MediaType.wasmLayer : descriptor.mediaType;
  return { ...descriptor, mediaType, annotations: { 'org.opencontainers.image.title': title } };
}

function kindOf(content: LocalContent | undefined): PluginKind {
  const form = content?.form;
  return form === 'executable' || form === 'library' || form === 'wasm' ? form : 'files';
}

function requireWasm(kind: PluginKind, content: LocalContent | undefined): void {
  if (kind !== 'wasm' || content === undefined || content.form === 'wasm') return;
  throw ociError('CONTENT_TYPE_MISMATCH', `${content.title}: expected a Wasm module, found ${content.form}`, {
    details: { title: content.title, found: content.form },
    hint: 'build the plugin first, or name its kind with --kind',
  });
}

function isNodePackage(path: string): boolean {
  return existsSync(join(path, 'package.json'));
}

function isByPlatform(content: PublishRequest['content']): content is readonly PlatformPath[] {
  return content.length > 0 && typeof content[0] === 'object';
}

function requireDistinct(platforms: readonly Platform[]): void {
  const names = platforms.map(formatPlatform);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) {
    throw coreError('CONFIG_INVALID', `the platform ${twice} is named twice`, {
      hint: 'name one file for each platform',
    });
  }
}
