/** An `oci://` package, taken apart. */
export interface OciPackage {
  /** `host[:port]/path`, as written. */
  readonly repository: string;
  /** A tag, or `alg:hex` with the hex as written; undefined for `{{inherit}}`. */
  readonly version: string | undefined;
  /** `repository:tag` or `repository@alg:hex`; undefined for `{{inherit}}`. */
  readonly image: string | undefined;
  /** What follows the first `!`. */
  readonly path: string | undefined;
}

export const OCI_SCHEME = 'oci://';
export const REF_SCHEME = 'ref://';

// The same strings as the original's grammar, without its nested repetition, which takes exponential time to say no.
const OCI =
  /^oci:\/\/(?<repository>[^\s/:@]+(?::\d+)?\/[^\s:@]+)(?:[:@](?<inherit>\{\{inherit\}\})|:(?<tag>[^\s!@:]+)|@(?<digest>(?:sha256|sha512|blake3):[^\s!@:]+))(?:!(?<path>\S+))?$/;

/** Takes an `oci://` package apart; undefined when it does not follow the grammar. `@{{inherit}}` is read as `:{{inherit}}`. */
export function parseOciPackage(text: string): OciPackage | undefined {
  const { repository, tag, digest, path } = OCI.exec(text)?.groups ?? {};
  if (repository === undefined) return undefined;
  const version = tag ?? digest;
  const image = version && (tag === undefined ? `${repository}@${version}` : `${repository}:${version}`);
  return { repository, version, image, path };
}

/** What entries for one directory of an image are merged by, whatever their versions. */
export function ociKey(repository: string, path: string): string {
  return `${OCI_SCHEME}${repository}:!${path}`;
}

const NPM = /^(@[^/]+\/)?([^@]+)(?:@.+)?$/;
const NPM_ALIAS = /^([^@]+)@npm:(@[^/]+\/)?([^@]+)(?:@.+)?$/;

const WITH_REF: readonly RegExp[] = [
  /^git\+https?:\/\/[^#]+(?:#.+)?$/,
  /^git\+ssh:\/\/[^#]+(?:#.+)?$/,
  /^git:\/\/[^#]+(?:#.+)?$/,
  /^https:\/\/github\.com\/[^/]+\/[^/#]+(?:#.+)?$/,
  /^git@github\.com:[^/]+\/[^/#]+(?:#.+)?$/,
  /^(?:github:)?[^/@]+\/[^/#]+(?:#.+)?$/,
];

/**
 * What entries for one package that is no image are merged by: the package without its version, tag or git reference.
 * Local directories and tarballs stay as they are.
 */
export function npmKey(spec: string): string {
  if (spec.startsWith('./') || spec.endsWith('.tgz')) return spec;
  const alias = NPM_ALIAS.exec(spec);
  if (alias !== null) return `${alias[1]}@npm:${alias[2] ?? ''}${alias[3]}`;
  if (WITH_REF.some((pattern) => pattern.test(spec))) return spec.split('#', 1)[0] ?? spec;
  const named = NPM.exec(spec);
  return named === null ? spec : `${named[1] ?? ''}${named[2]}`;
}

// Where npm knows the host, an address of a repository is cloned; one of an archive on it is a tarball.
const GIT: readonly RegExp[] = [
  /^(?:git\+[a-z]+|git|ssh):/i,
  /^(?:github|gitlab|bitbucket|gist|sourcehut):/i,
  // As ssh names a repository: user@host.example:path
  /^[^@/]+@[^:.]+\.[^:/]+:./,
  /^https?:\/\/(?:[^@/]+@)?(?:www\.)?(?:github\.com|bitbucket\.org|git\.sr\.ht)\/[^/]+\/[^/#?]+(?:\/tree\/[^#]*|\/)?(?:#.*)?$/i,
  /^https?:\/\/(?:[^@/]+@)?(?:www\.)?gitlab\.com\/(?![^#]*(?:\/-\/|\/repository\/archive))[^/#]+\/[^#?]+(?:#.*)?$/i,
  /^https?:\/\/(?:[^@/]+@)?gist\.github\.com\/[^/#?]+(?:\/[^/#?]+)?(?:#.*)?$/i,
  // What npm takes for a repository on GitHub: user/repository
  /^[^\s@:/.~%#][^\s@:/%#]*\/[^\s@:/#]+(?:#.*)?$/,
];

/** Whether npm would clone a git repository for this specification. */
export function isGitPackage(spec: string): boolean {
  // An alias of a git repository: name@github:user/repository, name@git+https://…
  const at = spec.indexOf('@', 1);
  const named = at > 0 && !spec.slice(0, at).includes(':') ? spec.slice(at + 1) : undefined;
  return GIT.some((pattern) => pattern.test(spec) || (named !== undefined && pattern.test(named)));
}
