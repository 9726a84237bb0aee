// `npm run image:backstage`: builds the image that brings install-dynamic-plugins into a pod of Developer Hub, as the OCI
// layout build/image-backstage, for linux/amd64 and linux/arm64. `gantry copy` pushes it. Needs apt of Debian, and npm.
import { readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { buildIndex, openLayout } from '@gantry/oci';
import { layOut } from './image/lay-out.ts';
import { targets } from './image/target.ts';
import { writeImage } from './image/write-image.ts';
import { readManifest, repository } from './packages.ts';

const layout = join(repository, 'build', 'image-backstage');
const { version, description, license } = readManifest('cli');
const labels = {
  'org.opencontainers.image.description': description,
  'org.opencontainers.image.licenses': `${license} AND MIT AND GPL-2.0-only`,
  'org.opencontainers.image.title': 'gantry-backstage',
  'org.opencontainers.image.version': version,
};

rmSync(layout, { recursive: true, force: true });
await using sink = await openLayout(layout, { create: true });
const manifests = [];
for (const target of targets) {
  const root = join(repository, 'build', 'image-backstage-root', target.architecture);
  await layOut(target, root);
  const written = await writeImage(sink, root, { os: 'linux', architecture: target.architecture }, labels);
  manifests.push(written);
  process.stdout.write(`linux/${target.architecture} ${written.digest}: ${mebibytes(sizeOf(root))} unpacked\n`);
}
const index = buildIndex({ manifests, annotations: labels });
await sink.pushManifest(index.descriptor, index.bytes, { tag: version });
process.stdout.write(
  `oci-layout:build/image-backstage:${version} ${index.descriptor.digest}: ${mebibytes(sizeOf(layout))}\n`,
);

function sizeOf(directory: string): number {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}

function mebibytes(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
}
