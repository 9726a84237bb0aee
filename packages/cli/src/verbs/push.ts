import { resolve } from 'node:path';
import { type PlatformPath, type PluginKind, type PublishRequest, publishPlugin } from '@gantry/core';
import { formatPlatform, parsePlatform } from '@gantry/oci';
import { layerFacts } from '../app/artifact-facts.ts';
import { openOne } from '../app/open-one.ts';
import { signingOf, taggedReference } from '../app/publish-destination.ts';
import { publishedDocument } from '../app/published.ts';
import type { RegistryFlags } from '../app/registries.ts';
import { cliError } from '../cli-errors.ts';
import type { Context } from '../context.ts';

/** Flags of `gantry push`. */
export interface PushOptions extends RegistryFlags {
  readonly kind?: PluginKind;
  readonly platform?: readonly string[];
  readonly annotation?: Readonly<Record<string, string>>;
  readonly signKey?: string;
}

/** A script without `#!` is easily published as something else than its author thinks. */
const FILES_NOTE = 'published as kind files, which does not run: a script begins with #!, and --kind says it otherwise';

/**
 * `gantry push <ref> <path>...`. JSON: {reference, digest, mediaType, size, kind, platforms, layers}, with `--sign-key` also
 * signatures as `sign` prints them. What is signed gets its tag last.
 */
export async function push(
  context: Context,
  [text, paths]: readonly [string, readonly string[]],
  options: PushOptions,
): Promise<void> {
  const content = contentOf(context, paths, options.platform ?? []);
  await using opened = await openOne(context, text, options, { create: true });
  const destination = taggedReference(opened.reference);
  // Before anything is sent: a wrong password leaves nothing behind.
  const signing = await signingOf(context, options.signKey, opened.op);
  const published = await publishPlugin(
    opened.repository,
    {
      content,
      ...(signing === undefined && { tag: destination.tag }),
      ...(options.kind !== undefined && { kind: options.kind }),
      ...(options.annotation !== undefined && { annotations: options.annotation }),
    },
    opened.op,
  );
  const signatures = await signing?.(opened.repository, published.root, destination.tag);
  const document = publishedDocument(destination, published.root, {
    kind: published.kind,
    platforms: published.platforms.map(formatPlatform),
    layers: published.layers.map(layerFacts),
  });
  context.output.note(published.kind === 'files' ? FILES_NOTE : `published as kind ${published.kind}`);
  await context.output.result({ ...document, signatures }, [document.reference]);
}

function contentOf({ io }: Context, paths: readonly string[], platforms: readonly string[]): PublishRequest['content'] {
  if (paths.length > 0 === platforms.length > 0) {
    throw cliError('CONFIG_USAGE', 'push wants the paths of one plugin, or --platform os/arch=path for each platform', {
      hint: 'gantry push --help shows an example of each',
    });
  }
  if (platforms.length === 0) return paths.map((path) => resolve(io.cwd, path));
  return platforms.map((text): PlatformPath => {
    const equals = text.indexOf('=');
    if (equals < 0) {
      throw cliError('CONFIG_USAGE', `--platform ${text}: there is no path`, {
        hint: 'write it as --platform linux/amd64=PATH',
      });
    }
    return { platform: parsePlatform(text.slice(0, equals)), path: resolve(io.cwd, text.slice(equals + 1)) };
  });
}
