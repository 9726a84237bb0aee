import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Environment } from '@gantry/oci';

/** Where the files of the containers tools are. */
export interface ContainersPlaces {
  /** The system's configuration: `/etc/containers`. */
  readonly system: string;
  /** The user's, which comes first where it has a file of a kind: `$HOME/.config/containers`. */
  readonly user: string;
  /** Signatures where no lookaside is configured. */
  readonly signatures: string;
}

/** The places that containers/image was built with, for the user who runs this. */
export function containersPlaces(env: Environment['env']): ContainersPlaces {
  const home = env['HOME'] || homedir();
  const root = process.geteuid?.() === 0;
  return {
    system: '/etc/containers',
    user: join(home, '.config', 'containers'),
    signatures: root ? '/var/lib/containers/sigstore' : join(home, '.local', 'share', 'containers', 'sigstore'),
  };
}
