import { coreError } from '../core-errors.ts';
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

/** Some name in a scope. */
function nameIn(scope: string): string {
  return `${scope.replace(/\/$/, '')}/x`;
}
