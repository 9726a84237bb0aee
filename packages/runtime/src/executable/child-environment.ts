import { runtimeError } from '../runtime-errors.ts';

/** Name of an environment variable as POSIX has it; lower case too, as `http_proxy` is. */
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/**
 * The environment of an executable: PATH, because `#!/usr/bin/env` needs it, TMPDIR, which is its private directory,
 * and what is granted by name. Nothing else: no HOME, no credentials, no loader settings.
 * Throws `RUNTIME_GRANT_INVALID` for a grant that is no name.
 */
export function childEnvironment(
  granted: readonly string[],
  directory: string,
  host: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const environment: Record<string, string> = {
    PATH: host['PATH'] ?? '/usr/local/bin:/usr/bin:/bin',
    TMPDIR: directory,
  };
  for (const name of granted) {
    if (!NAME.test(name)) {
      throw runtimeError('RUNTIME_GRANT_INVALID', 'grants.env holds something that is no name of a variable', {
        details: { name },
      });
    }
    const value = host[name];
    if (value !== undefined) environment[name] = value;
  }
  return environment;
}
