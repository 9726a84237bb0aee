import {
  type Op,
  openLayout,
  openRepository,
  type PlatformOptions,
  parseReference,
  type Reference,
  type Repository,
  repositoryName,
  type TagHint,
  type Transport,
} from '@gantry/oci';
import type { PackageSpec, ResolvedPlugin, Source } from '../plugin/plugin.ts';
import { resolveReference } from '../source/oci-source.ts';
import { parseSource } from '../source/source-text.ts';

/** What sources need. Both are asked at most once, and only when something needs them; they stay the caller's. */
export interface SourcesOptions extends PlatformOptions {
  /** For registries. */
  readonly transport: () => Transport;
  /** For tarballs: a transport without credentials, so that none can reach a host that only a URL names. */
  readonly downloads: () => Transport;
}

/** All places plugins come from. Resolved plugins can be read until it is disposed. */
export interface Sources extends Source, AsyncDisposable {
  /**
   * An untrusted hint about what the tag of a source stands for now, by one HEAD; it tells only whether it has moved.
   * Undefined where there is no tag to ask for: a digest, a path, a URL. Throws `REFERENCE_*`, `REGISTRY_*`.
   */
  peek(spec: PackageSpec, op?: Op): Promise<TagHint | undefined>;
  /** The repository of a name, `host/repository`, with the settings and credentials of its registry. Throws `REFERENCE_*`. */
  repository(name: string, op?: Op): Promise<Repository>;
}

/**
 * Sources for every way a plugin can be named: registries, OCI layouts, local files and directories, tarballs by https.
 * Nothing is opened before the first `resolve`.
 */
export function openSources(options: SourcesOptions): Sources {
  const { transport, downloads, ...platform } = options;
  const repositories = new Map<string, Promise<Repository>>();
  const temporary: AsyncDisposable[] = [];

  const repositoryOf = (reference: Reference): Promise<Repository> => {
    const name = repositoryName(reference);
    const opened =
      repositories.get(name) ??
      (reference.kind === 'layout'
        ? openLayout(reference.directory)
        : Promise.resolve(openRepository(reference, transport())));
    repositories.set(name, opened);
    return opened;
  };

  return {
    resolve: async (spec: PackageSpec, op?: Op): Promise<ResolvedPlugin> => {
      op?.signal?.throwIfAborted();
      const named = parseSource(spec, op);
      if (named.type === 'reference') {
        const repository = await repositoryOf(named.reference);
        return resolveReference(repository, named.reference, spec, platform, op);
      }
      const opened = await (named.type === 'path'
        ? import('../publish/local-source.ts').then(({ resolveLocal }) => resolveLocal(named.path, spec, op))
        : import('../source/tarball-source.ts').then((source) =>
            source.resolveTarball(named.url, spec, downloads(), op),
          ));
      temporary.push(opened);
      return opened.plugin;
    },
    peek: async (spec, op) => {
      op?.signal?.throwIfAborted();
      const named = parseSource(spec, op);
      if (named.type !== 'reference' || named.reference.digest !== undefined) return undefined;
      const repository = await repositoryOf(named.reference);
      return repository.peek(named.reference, op);
    },
    repository: async (name, op) => repositoryOf(parseReference(name, op)),
    [Symbol.asyncDispose]: async () => {
      for (const opened of await Promise.allSettled(repositories.values())) {
        if (opened.status === 'fulfilled') await opened.value[Symbol.asyncDispose]();
      }
      for (const item of temporary) await item[Symbol.asyncDispose]();
    },
  };
}
