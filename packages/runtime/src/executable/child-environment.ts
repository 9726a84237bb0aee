import { grantedVariables } from '../grants.ts';

/**
 * The environment of an executable: PATH, because `#!/usr/bin/env` needs it, TMPDIR, which is its private directory,
 * and what is granted by name. Nothing else: no HOME, no credentials, no loader settings.
 * Throws `RUNTIME_GRANT_INVALID` for a grant that is no name.
 */
export function childEnvironment(
  granted: readonly string[] | undefined,
  directory: string,
  host: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  return {
    PATH: host['PATH'] ?? '/usr/local/bin:/usr/bin:/bin',
    TMPDIR: directory,
    ...grantedVariables(granted, host),
  };
}
