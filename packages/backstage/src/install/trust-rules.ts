import { clausesFor, coreError, type Policy, type PolicyClause, policyDigest } from '@gantry/core';
import { parseReference, repositoryName } from '@gantry/oci';
import { shown } from '../config/config-fault.ts';
import type { PluginEntry } from '../config/plugin-entry.ts';

/** Digest of the trust entries that answer for a plugin; undefined where none does, and the original's rules hold. */
export function trustRulesOf(entry: PluginEntry, policy: Policy): string | undefined {
  const clauses = clausesOf(entry, policy);
  return clauses.length === 0 ? undefined : policyDigest(policy, clauses);
}

/**
 * Holds a package that is no image against the trust entries: those know no signature of it, only its integrity. True
 * when they require that: no variable skips it then. Throws `SIGNATURE_MISSING` and `POLICY_UNPINNED`. The signer to record is the entry that vouches for nothing: `unsigned`.
 */
export function checkPackageTrust(entry: PluginEntry, policy: Policy): boolean {
  const clauses = clausesOf(entry, policy);
  for (const { require, source } of clauses) {
    const name = shown(entry.package);
    if (require === 'cosign') {
      throw coreError(
        'SIGNATURE_MISSING',
        `${name}: ${source} requires a signature, and npm packages and tarballs have none`,
        {
          hint: 'publish it as a signed OCI image, or require its digest only',
        },
      );
    }
    if (require === 'digest' && (entry.integrity === undefined || entry.integrity.type === 'null')) {
      throw coreError('POLICY_UNPINNED', `${name}: ${source} requires its digest, and it has no integrity`, {
        hint: 'write what `gantry backstage integrity PACKAGE` prints',
      });
    }
  }
  return clauses.some(({ require }) => require === 'digest');
}

function clausesOf(entry: PluginEntry, policy: Policy): readonly PolicyClause[] {
  const name = policy.lists.length === 0 ? undefined : scopeName(entry);
  return name === undefined ? [] : clausesFor(policy, name);
}

/** The name that scopes match; local directories are the user's own. */
function scopeName({ source, key }: PluginEntry): string | undefined {
  if (source.type === 'oci') return repositoryName(parseReference(source.repository));
  if (source.type === 'local') return undefined;
  // npm takes a name before a URL; the bytes are those of the URL.
  const url = URL.parse(source.spec.replace(/^@?[^@:]+@(?=https:)/i, ''));
  if (url?.protocol === 'https:') return `${url.origin}${url.pathname}`;
  return `npm:${key.slice(key.indexOf('@npm:') < 0 ? 0 : key.indexOf('@npm:') + '@npm:'.length)}`;
}
