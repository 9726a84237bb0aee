import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The directory of the repository. */
export const repository: string = dirname(dirname(fileURLToPath(import.meta.url)));

/** A package.json, as far as the house looks into it. */
export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly license: string;
  readonly engines: { readonly node: string };
  readonly bin?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional: boolean }>>;
}

/** One package that is published. */
export interface Published {
  /** Directory under `packages/`. */
  readonly directory: string;
  /** Packages of this repository that it may import, and whether it is the bundled command line. */
  readonly kind: 'library' | 'command';
  /** Most that an installation of it may take, its dependencies included, in KiB. */
  readonly budgetKiB: number;
}

/** What is published, in the order of dependence. */
export const published: readonly Published[] = [
  { directory: 'oci', kind: 'library', budgetKiB: 1024 },
  { directory: 'registry', kind: 'library', budgetKiB: 1536 },
  { directory: 'core', kind: 'library', budgetKiB: 20 * 1024 },
  { directory: 'runtime', kind: 'library', budgetKiB: 21 * 1024 },
  { directory: 'backstage', kind: 'library', budgetKiB: 42 * 1024 },
  { directory: 'cli', kind: 'command', budgetKiB: 8 * 1024 },
];

/** Reads the manifest of a package of this repository. */
export function readManifest(directory: string): Manifest {
  return JSON.parse(readFileSync(join(repository, 'packages', directory, 'package.json'), 'utf8')) as Manifest;
}
