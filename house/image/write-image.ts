import { packDirectory } from '@gantry/core';
import { buildManifest, type ContentSink, type Descriptor, descriptorOf, MediaType, type Platform } from '@gantry/oci';

/** What the image of one platform runs: the copier, as nobody in particular, with the group that OpenShift gives. */
const RUN = { User: '1001:0', Entrypoint: ['/copy'], Cmd: ['/gantry'], WorkingDir: '/' };

const EPOCH = '1970-01-01T00:00:00Z';

/** Pushes a file system as an image of one layer, and gives its entry for an index. The same files give the same bytes. */
export async function writeImage(
  sink: ContentSink,
  root: string,
  platform: Platform,
  labels: Readonly<Record<string, string>>,
): Promise<Descriptor> {
  const packed = await packDirectory(root, '');
  try {
    const { os, architecture } = platform;
    const document = {
      created: EPOCH,
      architecture,
      os,
      config: { ...RUN, Labels: labels },
      rootfs: { type: 'layers', diff_ids: [packed.diffId] },
      history: [{ created: EPOCH, created_by: 'npm run image:backstage' }],
    };
    const bytes = new TextEncoder().encode(JSON.stringify(document));
    const config = descriptorOf(bytes, MediaType.imageConfig);
    await sink.pushBlob(packed.descriptor, packed.content);
    await sink.pushBlob(config, async function* () {
      yield bytes;
    });
    const manifest = buildManifest({ config, layers: [packed.descriptor], annotations: labels });
    await sink.pushManifest(manifest.descriptor, manifest.bytes);
    return { ...manifest.descriptor, platform };
  } finally {
    await packed.dispose();
  }
}
