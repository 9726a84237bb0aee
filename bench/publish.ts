/** Publishes an archive as the one layer of an artifact, through the library: `gantry push` would pack it again. */
import { createReadStream, statSync } from 'node:fs';
import { buildManifest, createHasher, EMPTY_CONFIG, MediaType, openRepository, openTransport } from '@gantry/oci';

/** Gives `repository@digest` on the registry at a port of loopback. */
export async function publishArchive(port: number, repository: string, archive: string): Promise<string> {
  const hasher = createHasher();
  for await (const chunk of createReadStream(archive)) hasher.update(chunk);
  const layer = { mediaType: MediaType.layerTarGzip, digest: hasher.digest(), size: statSync(archive).size };
  const { descriptor, bytes } = buildManifest({ artifactType: 'application/vnd.example.bench', layers: [layer] });
  await using transport = openTransport({});
  await using target = openRepository(`127.0.0.1:${port}/${repository}`, transport);
  await target.pushBlob(layer, () => createReadStream(archive));
  await target.pushBlob(EMPTY_CONFIG.descriptor, async function* () {
    yield EMPTY_CONFIG.bytes;
  });
  await target.pushManifest(descriptor, bytes);
  return `${repository}@${descriptor.digest}`;
}
