import { type ContentSink, type Descriptor, isGantryError, parseManifest } from '@gantry/oci';
import type { RegistryStorage } from '@gantry/registry';

/**
 * Writes straight into the storage of a registry, behind the protocol: nothing is checked, so that a registry can be
 * made to serve what no registry would accept. A manifest with a readable subject is listed as its referrer.
 */
export function storageSink(storage: RegistryStorage, repository: string): ContentSink {
  return {
    async has(what: Descriptor): Promise<boolean> {
      const found = await Promise.all([
        storage.blob(repository, what.digest),
        storage.manifest(repository, what.digest),
      ]);
      return found.some((entry) => entry !== undefined);
    },
    async pushBlob(what: Descriptor, content: () => AsyncIterable<Uint8Array>): Promise<void> {
      const upload = await storage.startUpload();
      for await (const chunk of content()) await upload.write(chunk);
      await upload.commit(repository, what.digest);
    },
    async pushManifest(what: Descriptor, bytes: Uint8Array, options: { readonly tag?: string } = {}): Promise<void> {
      const subject = subjectOf(what, bytes);
      const { digest, mediaType } = what;
      await storage.putManifest(repository, {
        digest,
        mediaType,
        bytes,
        ...(subject === undefined ? {} : { subject }),
      });
      if (options.tag !== undefined) await storage.putTag(repository, options.tag, digest);
    },
  };
}

function subjectOf(what: Descriptor, bytes: Uint8Array): Descriptor['digest'] | undefined {
  try {
    return parseManifest(bytes, what).subject?.digest;
  } catch (error) {
    if (isGantryError(error)) return undefined;
    throw error;
  }
}
