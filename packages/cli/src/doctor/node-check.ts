import { constants } from 'node:zlib';
import { type Check, ok } from './check.ts';

/** What of a Node is looked at. */
export interface NodeFacts {
  readonly version: string;
  readonly platform: string;
  /** Whether layers that are packed with zstd can be read: since 22.15 and 23.8. */
  readonly zstd: boolean;
}

/** The Node that runs this. */
export function thisNode(): NodeFacts {
  const { versions, platform, arch } = process;
  return { version: versions.node, platform: `${platform} ${arch}`, zstd: 'ZSTD_e_end' in constants };
}

/** Whether Node is recent enough. The command starts itself on one that is; whoever uses the library chooses. */
export function checkNode({ version, platform, zstd }: NodeFacts): Check {
  const message = `Node ${version} on ${platform}`;
  if (zstd) return ok('node', message);
  return {
    check: 'node',
    state: 'problem',
    message: `${message} cannot read zstd`,
    hint: 'use Node 22.22, 24.15 or newer',
  };
}
