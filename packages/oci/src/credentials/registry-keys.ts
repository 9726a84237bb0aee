import { canonicalRegistry } from '../transport/registry-host.ts';

/** The key docker uses for Docker Hub in `auths` and towards helpers. */
export const DOCKER_HUB_KEY = 'https://index.docker.io/v1/';

/** What a key of `auths` or `credHelpers` stands for: a registry and, in the containers tools' files, a path prefix. */
interface KeyMeaning {
  readonly registry: string;
  readonly path: string;
}

/**
 * The keys of a file that stand for a repository, most specific first: longest path, then a key written exactly as
 * `host[:port]`. Hosts are compared whole, after the one normalisation that references get; nothing matches by part.
 */
export function matchingKeys(keys: readonly string[], registry: string, repository: string): string[] {
  return keys
    .map((key) => ({ key, meaning: meaningOf(key) }))
    .filter(({ meaning }) => meaning?.registry === registry && isUnder(repository, meaning.path))
    .sort((a, b) => rank(b.meaning, b.key, registry) - rank(a.meaning, a.key, registry))
    .map(({ key }) => key);
}

/** The key under which a login for a whole registry is stored. */
export function keyFor(registry: string): string {
  return registry === 'docker.io' ? DOCKER_HUB_KEY : registry;
}

function meaningOf(key: string): KeyMeaning | undefined {
  const url = /^https?:\/\/(.*)$/i.exec(key)?.[1];
  const [host = '', ...segments] = (url ?? key).split('/');
  const path = segments.filter((segment) => segment !== '').join('/');
  try {
    // A URL key is docker's old way to name a whole registry: its path is the version of an API.
    return { registry: canonicalRegistry(host), path: url === undefined && !/^v[12]$/.test(path) ? path : '' };
  } catch {
    return undefined;
  }
}

function isUnder(repository: string, path: string): boolean {
  return path === '' || repository === path || repository.startsWith(`${path}/`);
}

function rank(meaning: KeyMeaning | undefined, key: string, registry: string): number {
  return (meaning?.path.length ?? 0) * 2 + (key === registry ? 1 : 0);
}
