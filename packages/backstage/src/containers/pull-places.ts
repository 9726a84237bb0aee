import { formatReference, isGantryError, parseReference, type RegistryReference } from '@gantry/oci';
import { backstageError } from '../backstage-errors.ts';
import { containersFault } from './containers-fault.ts';
import { matchPrefix } from './match-prefix.ts';
import type { RegistriesConf, RegistryLocation, RegistryTable } from './registry-table.ts';

/** One place where an image may be fetched. */
export interface PullPlace {
  /** `host[:port]`. */
  readonly registry: string;
  readonly repository: string;
  readonly insecure: boolean;
}

/**
 * Where an image is fetched, in order: the mirrors that serve a tag or a digest, then the place itself. What another table says
 * about the place of a mirror, insecure or blocked, holds for it there. Undefined when no table is about the name.
 * Throws `REGISTRY_BLOCKED` when every place is blocked, `CONFIG_CONTAINERS` for a location that makes no reference.
 */
export function pullPlaces(reference: RegistryReference, conf: RegistriesConf): readonly PullPlace[] | undefined {
  const name = formatReference(withoutPath(reference));
  const table = longestMatch(name, conf);
  if (table === undefined) return undefined;
  const digested = reference.digest !== undefined;
  const mirrors = table.mirrors.filter(
    ({ pull }) => pull === 'all' || pull === (digested ? 'digest-only' : 'tag-only'),
  );
  const places = mirrors.flatMap((mirror) => usable(mirror, table, reference, conf));
  const own = table.blocked ? [] : usable(table, table, reference, conf);
  if (places.length + own.length > 0) return [...places, ...own];
  throw backstageError('REGISTRY_BLOCKED', `${name} is blocked by ${table.prefix} in ${table.file}`, {
    details: { reference: name, prefix: table.prefix, file: table.file },
  });
}

function longestMatch(name: string, { tables }: RegistriesConf): RegistryTable | undefined {
  let best: { readonly table: RegistryTable; readonly length: number } | undefined;
  for (const table of tables) {
    const length = matchPrefix(name, table.prefix);
    if (length !== undefined && length > (best?.length ?? 0)) best = { table, length };
  }
  return best?.table;
}

/** The place that a location makes of a name; nothing when another table blocks it. */
function usable(
  { location, insecure }: RegistryLocation,
  table: RegistryTable,
  reference: RegistryReference,
  conf: RegistriesConf,
): readonly PullPlace[] {
  const { registry, repository } = rewritten(location, table, reference);
  const there = longestMatch(formatReference({ ...withoutPath(reference), registry, repository }), conf);
  if (there?.blocked === true) return [];
  return [{ registry, repository, insecure: insecure || there?.insecure === true }];
}

function rewritten(
  location: string,
  { prefix, file, line }: RegistryTable,
  reference: RegistryReference,
): RegistryReference {
  if (location === '') return reference;
  const name = formatReference(withoutPath(reference));
  const rest = name.slice(matchPrefix(name, prefix) ?? 0);
  const found = parsed(`${location}${rest}`);
  if (found !== undefined && found.tag === reference.tag && found.digest === reference.digest) return found;
  throw containersFault(file, `${location} in place of ${prefix} makes no place for ${name}: ${location}${rest}`, {
    line,
  });
}

/** A location is written with its host: what is read as a name of Docker Hub is none. */
function parsed(text: string): RegistryReference | undefined {
  try {
    const reference = parseReference(text);
    const host = text.slice(0, text.indexOf('/'));
    const written = host.includes('.') || host.includes(':') || host === 'localhost';
    return reference.kind === 'registry' && written ? reference : undefined;
  } catch (error) {
    if (isGantryError(error)) return undefined;
    throw error;
  }
}

function withoutPath({ path: _, ...reference }: RegistryReference): RegistryReference {
  return reference;
}
