/** Puts the signature of an artifact, changed or not, beside a copy of it or beside another one. */
import {
  copyGraph,
  type Descriptor,
  digestHex,
  openRepository,
  openTransport,
  parseManifest,
  parseReference,
  type Repository,
  readAll,
} from '@gantry/oci';
import { publishArtifact } from '@gantry/testkit';

/** A document that an edit may change in any way. */
// biome-ignore lint/suspicious/noExplicitAny: that is the point of a forgery
type Loose = any;

/** What is changed on the way. */
export interface Forgery {
  /** The bundle's document. */
  readonly bundle?: (bundle: Loose) => void;
  /** The simple-signing payload and the annotations of its layer. */
  readonly tag?: (layer: { payload: Loose; annotations: Record<string, string> }) => void;
}

/**
 * Copies the artifact `from` (`REPOSITORY@DIGEST`) into the repository `into`, with its signature changed. With `onto`, a
 * reference in `into`, the signature is put beside that artifact and nothing is copied. Gives the reference to verify.
 */
export async function forge(from: string, into: string, forgery: Forgery, onto?: string): Promise<string> {
  await using transport = openTransport();
  const source = openRepository(parseReference(from), transport);
  const target = openRepository(parseReference(into), transport);
  const signed = await source.resolve(parseReference(from));
  const subject =
    onto === undefined ? await copyGraph(source, target, signed) : await target.resolve(parseReference(onto));
  const { descriptors } = await source.referrers(signed);
  for (const bundle of descriptors) await forgeBundle(source, target, bundle, subject, forgery);
  if (descriptors.length === 0) await forgeTag(source, target, { from, signed, subject }, forgery);
  return `${into}@${subject.digest}`;
}

async function forgeBundle(
  source: Repository,
  target: Repository,
  referrer: Descriptor,
  subject: Descriptor,
  forgery: Forgery,
): Promise<void> {
  const { layers, annotations, artifactType } = await image(source, referrer);
  const [layer] = layers;
  if (layer === undefined || artifactType === undefined) throw new Error(`${referrer.digest} is no bundle`);
  const document: Loose = JSON.parse(new TextDecoder().decode(await readAll(source, layer)));
  forgery.bundle?.(document);
  const content = { content: JSON.stringify(document), mediaType: layer.mediaType };
  const { mediaType, digest, size } = subject;
  await publishArtifact(target, { layers: [content], annotations, artifactType, subject: { mediaType, digest, size } });
}

async function forgeTag(
  source: Repository,
  target: Repository,
  { from, signed, subject }: { from: string; signed: Descriptor; subject: Descriptor },
  forgery: Forgery,
): Promise<void> {
  const tag = (digest: Descriptor['digest']): string => `sha256-${digestHex(digest)}.sig`;
  const repository = from.slice(0, from.indexOf('@'));
  const { layers, config } = await image(
    source,
    await source.resolve(parseReference(`${repository}:${tag(signed.digest)}`)),
  );
  const changed = layers.map(async (layer) => {
    const payload: Loose = JSON.parse(new TextDecoder().decode(await readAll(source, layer)));
    const before = JSON.stringify(payload);
    const parts = { payload, annotations: { ...layer.annotations } };
    forgery.tag?.(parts);
    const same = JSON.stringify(payload) === before;
    const content = same ? await readAll(source, layer) : JSON.stringify(payload);
    return { content, mediaType: layer.mediaType, annotations: parts.annotations };
  });
  await publishArtifact(target, {
    config: { content: await readAll(source, config), mediaType: config.mediaType },
    layers: await Promise.all(changed),
    tag: tag(subject.digest),
  });
}

async function image(
  repository: Repository,
  what: Descriptor,
): Promise<Extract<ReturnType<typeof parseManifest>, { kind: 'image' }>> {
  const manifest = parseManifest(await readAll(repository, what), what);
  if (manifest.kind !== 'image') throw new Error(`${what.digest} is an index`);
  return manifest;
}
