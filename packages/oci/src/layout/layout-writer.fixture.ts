/** A process that writes into a layout: `DIR tag NAME COUNT` adds tags, `DIR die` is killed in the middle of a blob. */
import { descriptorOf } from '../descriptor.ts';
import { MediaType } from '../media-types.ts';
import { openLayout } from './open-layout.ts';

const [directory = '', what, name = '', count = '0'] = process.argv.slice(2);
await using layout = await openLayout(directory, { create: true });

if (what === 'die') {
  const blob = descriptorOf(Buffer.from('never whole'), MediaType.octetStream);
  await layout.pushBlob(blob, async function* () {
    yield Buffer.from('never');
    await new Promise((resolve) => setTimeout(resolve, 20));
    process.kill(process.pid, 'SIGKILL');
    await new Promise(() => undefined);
  });
}

for (let at = 0; at < Number(count); at++) {
  const document = {
    schemaVersion: 2,
    mediaType: MediaType.imageIndex,
    manifests: [],
    annotations: { name, at: `${at}` },
  };
  const bytes = Buffer.from(JSON.stringify(document));
  await layout.pushManifest(descriptorOf(bytes, MediaType.imageIndex), bytes, { tag: `${name}-${at}` });
}
