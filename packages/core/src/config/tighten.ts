import { coreError } from '../core-errors.ts';
import { coreLimits } from '../core-limits.ts';
import type { PolicyClause } from '../trust/policy.ts';
import { scopeCovers } from '../trust/scope.ts';
import type { ConfigFile } from './configuration.ts';

/** What of a file counts here. */
type Trusting = Pick<ConfigFile, 'file' | 'trust'>;

/**
 * The trust of the user's file and of one that merely lies in the working directory: where both name a scope, both must
 * accept. A `none` in the directory's file for something that the user's file protects would be a lie about what holds, so
 * it is `CONFIG_INVALID`.
 */
export function tighten(users: Trusting, here: Trusting): readonly (readonly PolicyClause[])[] {
  for (const clause of here.trust) {
    if (clause.require !== 'none') continue;
    const protecting = users.trust.find(
      (own) => own.require !== 'none' && scopeCovers(own.scope, nameIn(clause.scope)),
    );
    if (protecting === undefined) continue;
    throw coreError(
      'CONFIG_INVALID',
      `${clause.source}: none for ${clause.scope}, which ${protecting.source} protects with ${protecting.require}`,
      {
        details: { file: here.file, scope: clause.scope, protectedBy: protecting.source },
        hint: `a file in the working directory cannot loosen what ${users.file} asks for; name yours with --config`,
      },
    );
  }
  return [users.trust, here.trust];
}

/** Limits by which a verdict comes out otherwise, and not only sooner or later. */
const TRUST_LIMITS = ['clockSkew', 'trustRootGrace', 'trustRootRefresh'] as const;

/**
 * The limits of a file that lies in the working directory. How far a time may be off and how long trust material serves is
 * part of what the user trusts: of those two files the smaller value counts, and the default where a file has none.
 */
export function tightenLimits(
  users: Pick<ConfigFile, 'limits'>,
  here: Pick<ConfigFile, 'limits'>,
): ConfigFile['limits'] {
  const valueIn = ({ limits }: Pick<ConfigFile, 'limits'>, name: (typeof TRUST_LIMITS)[number]): number =>
    limits[name] ?? coreLimits.specs[name].value;
  const tightened = TRUST_LIMITS.map((name) => [name, Math.min(valueIn(users, name), valueIn(here, name))]);
  return { ...here.limits, ...Object.fromEntries(tightened) };
}

/** Some name in a scope. */
function nameIn(scope: string): string {
  return `${scope.replace(/\/$/, '')}/x`;
}
