import { coreError } from '@gantry/core';
import { escapeRemote } from '@gantry/oci';
import { backstageError } from '../backstage-errors.ts';
import type { PluginEntry } from '../config/plugin-entry.ts';
import { shownPackage, shownPlace } from './shown-package.ts';

/** Algorithms in the order of their strength, and in the words of the original. */
const ALGORITHMS = ['sha512', 'sha384', 'sha256'] as const;
const SUPPORTED = `('sha512', 'sha384', 'sha256')`;
const FORM = /^([^-]*)-(.*)$/;
/** As Python's `b64decode(validate=True)`. */
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** What an integrity accepts: hashes of one algorithm, one of which the bytes must have. */
export interface ExpectedHash {
  readonly algorithm: string;
  /** In base64. */
  readonly hashes: readonly string[];
  /** Who says so. */
  readonly by: 'configuration' | 'registry';
}

/**
 * The integrity of an entry. With several hashes in one text, the strongest algorithm counts and each of its hashes is
 * accepted, as the W3C recommendation on subresource integrity says. Undefined when integrity is skipped.
 * Throws `CONFIG_PLUGIN_INTEGRITY` in the original's words.
 */
export function expectedIntegrity(entry: PluginEntry, skip: boolean): ExpectedHash | undefined {
  if (skip) return undefined;
  const { integrity } = entry;
  const shown = shownPackage(entry);
  if (integrity === undefined || integrity.type === 'null') {
    throw fault(entry, `No integrity hash provided for Package ${shown}`, {
      hint: 'add what `gantry backstage integrity PACKAGE` prints; SKIP_INTEGRITY_CHECK=true installs without any proof',
    });
  }
  if (integrity.type !== 'string') throw fault(entry, `Package integrity for ${shown} must be a string`);
  const found = integrity.value.split(/\s+/).filter((part) => part !== '');
  if (found.length === 0) throw fault(entry, `Package integrity for ${shown} is missing`);
  const parsed = found.map((part) => {
    const [, algorithm = '', hash = ''] = FORM.exec(part) ?? [];
    if (algorithm === '' || hash === '') {
      throw fault(entry, `Package integrity for ${shown} must be a string of the form <algorithm>-<hash>`);
    }
    return { algorithm, hash };
  });
  const algorithm = ALGORITHMS.find((name) => parsed.some((part) => part.algorithm === name));
  if (algorithm === undefined) {
    const given = escapeRemote(parsed[0]?.algorithm ?? '', 40);
    throw fault(
      entry,
      `${shown}: Provided Package integrity algorithm ${given} is not supported, please use one of following algorithms ${SUPPORTED} instead`,
    );
  }
  const hashes = parsed.filter((part) => part.algorithm === algorithm).map(({ hash }) => hash);
  for (const hash of hashes) {
    if (BASE64.test(hash)) continue;
    const given = escapeRemote(hash, 200);
    throw fault(entry, `${shown}: Provided Package integrity hash ${given} is not a valid base64 encoding`);
  }
  return { algorithm, hashes, by: 'configuration' };
}

/** What a registry says about its own package, sha1 of old ones included; undefined when it says nothing. */
export function registryIntegrity(text: string | undefined): ExpectedHash | undefined {
  const parts = (text ?? '').split(' ').map((part) => FORM.exec(part) ?? []);
  const algorithm = [...ALGORITHMS, 'sha1'].find((name) => parts.some(([, given]) => given === name));
  if (algorithm === undefined) return undefined;
  const hashes = parts.filter(([, given]) => given === algorithm).map(([, , hash = '']) => hash);
  return { algorithm, hashes, by: 'registry' };
}

/** Throws `CONTENT_INTEGRITY` unless the hash that was found is one of those expected; in the original's words. */
export function checkHash(entry: PluginEntry, expected: ExpectedHash, found: string): void {
  if (expected.hashes.includes(found)) return;
  const shown = shownPackage(entry);
  const wanted = escapeRemote(expected.hashes.join(' '), 400);
  const text =
    expected.by === 'registry'
      ? `${shown}: the hash of the downloaded package ${found} does not match ${wanted}, which its registry gives`
      : `${shown}: The hash of the downloaded package ${found} does not match the provided integrity hash ${wanted} provided in the configuration file${shownPlace(entry, 'integrity')}`;
  throw coreError('CONTENT_INTEGRITY', text, {
    details: {
      expected: expected.hashes.map((hash) => `${expected.algorithm}-${escapeRemote(hash)}`).join(' '),
      found: `${expected.algorithm}-${found}`,
    },
  });
}

function fault(entry: PluginEntry, text: string, options: { readonly hint?: string } = {}): Error {
  return backstageError('CONFIG_PLUGIN_INTEGRITY', `${text}${shownPlace(entry, 'integrity')}`, options);
}
