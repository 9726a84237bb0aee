import { systemFileSystem } from '@gantry/core';
import { killingFileSystem } from './kill-points.ts';

const files = killingFileSystem(systemFileSystem);
for (const point of ['a', 'b', 'a']) {
  process.stdout.write(point);
  files.reached(point);
}
process.stdout.write(`end ${process.argv[2]}`);
