import type { JudgeOptions, Policy, ResolvedPlugin } from '@gantry/core';
import {
  type Digest,
  type Op,
  type Platform,
  parseManifest,
  type RegistryReference,
  type Repository,
  readAll,
} from '@gantry/oci';
import type { LogSink } from '../install/log-sink.ts';
import { dynamicPackages } from './dynamic-packages.ts';
import { type ExtractedImage, openImageExtractor, type WantedImages } from './extract-image.ts';
import { openFallback } from './registry-fallback.ts';
import { type AdmittedImage, openImageResolver } from './resolve-image.ts';
import { type StagedPlugins, stagePlugins } from './stage-plugins.ts';

/** What the images of one run are fetched and judged with. */
export interface ImagesOptions {
  /** Opens what a name means after registries.conf. */
  readonly openRepository: (reference: RegistryReference, op?: Op) => Promise<Repository>;
  /** Trust entries of gantry.yaml. Where none matches, nothing is required: the rules of the original hold. */
  readonly policy: Policy;
  /** What signatures are judged with. */
  readonly judgeTools?: Pick<JudgeOptions, 'trustRoots' | 'openRepository' | 'memory' | 'environment'>;
  /** Default: linux/amd64, as the original, whatever this machine is. */
  readonly platform?: Platform;
  /** Largest file of a plugin. Bytes. */
  readonly maxEntryBytes: number;
  /** The paths that an image had when it was installed; undefined to ask its registry. */
  readonly remembered: (image: string) => readonly string[] | undefined;
  /** Use the second registry only for "not found". */
  readonly strictFallback: boolean;
  /** Whether there are credentials for a name. Default: none. */
  readonly hasCredentials?: (reference: RegistryReference, op?: Op) => Promise<boolean>;
  /** Refuses by policy.json. Called once for each image, with the name that it is fetched under. */
  readonly enforce?: (plugin: ResolvedPlugin, op?: Op) => Promise<void>;
  readonly log: LogSink;
}

/** The images of one run. `image` is `repository:tag` or `repository@digest`, with or without `oci://`. */
export interface Images {
  /** The plugin directories that an image says it holds; empty when it says nothing. No request for what is remembered. */
  paths(image: string, op?: Op): Promise<readonly string[]>;
  /** The digest that the name has now, which nobody vouches for: good for "has it moved?" only. At most one HEAD. */
  peek(image: string, op?: Op): Promise<Digest>;
  /** Resolves, judges and enforces, once in a run. Throws `REGISTRY_*`, `CONTENT_*`, `SIGNATURE_*`, `POLICY_*`. */
  admit(image: string, op?: Op): Promise<AdmittedImage>;
  /** Digest of the trust entries that answer for an image: what was admitted under others has to be judged anew. */
  rules(image: string, op?: Op): Digest;
  /**
   * Says which images will be staged, before the first is: their names are resolved ahead, and a layer that several of them
   * have is then downloaded and inflated once. Without it everything works and shared layers may be downloaded again.
   */
  announce(wanted: WantedImages, staging: string, op?: Op): void;
  /**
   * Unpacks the plugins of an image, all in one call, below `staging`, which lies directly in the root. A plugin with a problem
   * of its own has the error in its place; what is wrong with the image is thrown.
   */
  stage(image: string, paths: readonly string[], staging: string, op?: Op): Promise<StagedPlugins>;
  /** Unpacks top directories and files of an image that are no plugins. Links that lead out of them are left out. */
  extract(image: string, tops: readonly string[], staging: string, op?: Op): Promise<ExtractedImage>;
}

const DEFAULT_PLATFORM: Platform = { os: 'linux', architecture: 'amd64' };

/** Opens the images of one run. No request yet. */
export function openImages(options: ImagesOptions): Images {
  const { log, strictFallback, openRepository, enforce, hasCredentials = async () => false } = options;
  const resolver = openImageResolver({
    openRepository,
    fallback: openFallback({ strictFallback, hasCredentials, log }),
    policy: { ...options.policy, fallback: 'none' },
    judgeTools: options.judgeTools ?? {},
    platform: options.platform ?? DEFAULT_PLATFORM,
    ...(enforce !== undefined && { enforce }),
  });
  const extractor = openImageExtractor(resolver, options.maxEntryBytes);
  return {
    paths: async (image, op) => {
      const known = options.remembered(image);
      if (known !== undefined) return known;
      const { plugin } = await resolver.admit(image, op);
      return dynamicPackages(image, plugin.annotations, op) ?? (await pathsOfIndex(image, plugin, op)) ?? [];
    },
    peek: resolver.peek,
    admit: resolver.admit,
    rules: resolver.rules,
    announce: extractor.announce,
    stage: (image, paths, staging, op) => stagePlugins(extractor, { image, paths, staging, log }, op),
    extract: extractor.extract,
  };
}

/** Some tools annotate the index alone. */
async function pathsOfIndex(image: string, plugin: ResolvedPlugin, op?: Op): Promise<readonly string[] | undefined> {
  const { root, manifest, content } = plugin;
  if (root.digest === manifest.digest) return undefined;
  const { annotations } = parseManifest(await readAll(content, root, op), root, op);
  return dynamicPackages(image, annotations, op);
}
