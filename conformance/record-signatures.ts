/**
 * Records what real cosign signs, for the unit tests of everybody who reads signatures:
 * `node conformance/record-signatures.ts [DIRECTORY]`. Everything is made anew: keys, certificates, logs. Certificates of ten
 * minutes stay good as evidence, because log and timestamp authority tell when they were used.
 */
import { copyFile, mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { copyGraph, type Descriptor, openLayout, openRepository, openTransport, type Repository } from '@gantry/oci';
import { type PublishedArtifact, publishArtifact } from '../packages/testkit/src/publish-artifact.ts';
import type { RecordedCase, RecordedSignature } from '../packages/testkit/src/recorded/recorded-case.ts';
import { type Cosign, cosignImportKey, cosignSign, cosignVerify, type Expected, type Signer } from './cosign.ts';
import { privateKeyFile } from './key-files.ts';
import { EMAIL_ISSUER, WORKFLOW_ISSUER } from './oidc-issuer.ts';
import { inOwnNetwork } from './own-network.ts';
import { type PrivateSigstore, startPrivateSigstore } from './private-sigstore.ts';
import { temporaryDirectory } from './processes.ts';
import { recordedPage } from './recorded-page.ts';
import { startOlareg } from './registries.ts';
import { type CaseSigner, KEY_KINDS, SIGNED_CASES, type SignatureCase, type SignedCase } from './signed-cases.ts';

const PLATFORM = 'linux/amd64';

interface Recording {
  readonly sigstore: PrivateSigstore;
  readonly keys: ReadonlyMap<string, { readonly key: string; readonly pub: string }>;
  readonly registry: string;
  readonly layout: Repository;
}

async function record(into: string): Promise<void> {
  const endings: (() => void | Promise<void>)[] = [];
  const cleanup = { after: (work: () => void | Promise<void>) => void endings.unshift(work) };
  try {
    const scratch = await temporaryDirectory(cleanup);
    const sigstore = await startPrivateSigstore(cleanup, join(scratch, 'sigstore'));
    const registry = (await startOlareg(cleanup)).address;
    await rm(into, { recursive: true, force: true });
    await mkdir(join(into, 'keys'), { recursive: true });
    const keys = await makeKeys(scratch);
    for (const [name, { pub }] of keys) await copyFile(pub, join(into, 'keys', `${name}.pub`));
    const layout = await openLayout(join(into, 'layout'), { create: true });
    const cases: RecordedCase[] = [];
    for (const signed of SIGNED_CASES) cases.push(await recordCase({ sigstore, keys, registry, layout }, signed));
    await writeFile(join(into, 'cases.json'), `${JSON.stringify({ cases }, null, 1)}\n`);
    await writeFile(join(into, 'README.md'), recordedPage(cases));
    await copyTrust(sigstore, into);
  } finally {
    for (const end of endings) await end();
  }
}

async function makeKeys(scratch: string): Promise<Recording['keys']> {
  const named = [...KEY_KINDS.map((kind) => ({ name: kind, kind })), { name: 'other', kind: 'p256' as const }];
  const made = named.map(async ({ name, kind }) => {
    const pem = await privateKeyFile(scratch, name, kind);
    return [name, await cosignImportKey('cosign3', pem, join(scratch, `cosign-${name}`))] as const;
  });
  return new Map(await Promise.all(made));
}

async function copyTrust({ trustedRoot, keys }: PrivateSigstore, into: string): Promise<void> {
  await copyFile(trustedRoot, join(into, 'trusted_root.json'));
  const parts = { fulcio: 'pem', tsa: 'pem', ct: 'pub', rekor1: 'pub', rekor2: 'pub' } as const;
  for (const [name, kind] of Object.entries(parts)) {
    await copyFile(keys[name as keyof typeof parts].published, join(into, `${name}.${kind}`));
  }
}

async function recordCase(recording: Recording, signed: SignedCase): Promise<RecordedCase> {
  const name = `${recording.registry}/recorded/${signed.tag}`;
  await using transport = openTransport();
  await using repository = openRepository(name, transport);
  const published = await publish(repository, signed);
  const platform = published.platforms[PLATFORM]?.descriptor;
  const signatures: RecordedSignature[] = [];
  let refused: string | undefined;
  for (const signature of signed.signatures) {
    const subject = signature.on === 'platform' && platform !== undefined ? platform : published.descriptor;
    const made = await sign(recording, name, subject, signature);
    if ('refused' in made) refused = made.refused;
    else signatures.push(made);
  }
  await copyGraph(repository, recording.layout, published.descriptor, { tag: signed.tag, referrers: true });
  return {
    tag: signed.tag,
    digest: published.descriptor.digest,
    ...(platform !== undefined && { platform: platform.digest }),
    signatures,
    ...(refused !== undefined && { refused }),
  };
}

function publish(repository: Repository, { tag, index }: SignedCase): Promise<PublishedArtifact> {
  const script = (platform: string): string => `#!/bin/sh\nprintf '%s ' '${tag} ${platform}'\ncat\n`;
  const plugin = (platform: string): object => ({ layers: [{ content: script(platform), title: 'plugin' }] });
  const arm = 'linux/arm64';
  return publishArtifact(repository, {
    tag: 'recorded',
    ...(index === true ? { platforms: { [PLATFORM]: plugin(PLATFORM), [arm]: plugin(arm) } } : plugin('any')),
  });
}

async function sign(
  { sigstore, keys }: Recording,
  name: string,
  subject: Descriptor,
  { cosign, signer, shape, flags = [], verb = 'sign' }: SignatureCase,
): Promise<RecordedSignature | { readonly refused: string }> {
  const reference = `${name}@${subject.digest}`;
  const predicate = join(sigstore.directory, 'predicate.json');
  await writeFile(predicate, '{"says":"nothing about who may run this"}');
  const extra = [...flags, ...(verb === 'attest' ? ['--type', 'custom', '--predicate', predicate] : [])];
  try {
    await cosignSign(cosign, sigstore, shape, credentials(sigstore, keys, signer), reference, { flags: extra, verb });
  } catch (error) {
    return { refused: reason(error) };
  }
  const expected = expectedOf(keys, signer);
  const facts = {
    ...{ by: cosign, verb, ...shape, signed: subject.digest, flags, signer: published(signer, expected) },
    lasting: 'key' in signer || shape.log !== 'none' || shape.stamped,
    ...('workflow' in signer && { workflow: signer.workflow }),
  };
  if (verb === 'attest') return facts;
  const accepts = async (by: Cosign): Promise<boolean> =>
    (await cosignVerify(by, sigstore, shape, expected, reference)).code === 0;
  return { ...facts, accepted: { cosign2: await accepts('cosign2'), cosign3: await accepts('cosign3') } };
}

function credentials({ issuer }: PrivateSigstore, keys: Recording['keys'], signer: CaseSigner): Signer {
  if ('email' in signer) return { token: issuer.emailToken(signer.email) };
  if ('workflow' in signer) return { token: issuer.workflowToken(signer.workflow) };
  return { key: keyOf(keys, signer.key).key };
}

function expectedOf(keys: Recording['keys'], signer: CaseSigner): Expected {
  if ('email' in signer) return { identity: signer.email, issuer: EMAIL_ISSUER };
  if ('key' in signer) return { key: keyOf(keys, signer.key).pub };
  const { repository, ref, called = `${repository}/.github/workflows/release.yml@${ref}` } = signer.workflow;
  return { identity: `https://github.com/${called}`, issuer: WORKFLOW_ISSUER };
}

/** As {@link expectedOf}, with the key's file as it is recorded. */
function published(signer: CaseSigner, expected: Expected): Expected {
  return 'key' in signer ? { key: `keys/${signer.key}.pub` } : expected;
}

function keyOf(keys: Recording['keys'], name: string): { readonly key: string; readonly pub: string } {
  const pair = keys.get(name);
  if (pair === undefined) throw new Error(`no key ${name}`);
  return pair;
}

function reason(error: unknown): string {
  const text = error instanceof Error && 'stderr' in error ? String(error.stderr) : String(error);
  const line = text.split('\n').find((each) => each.startsWith('Error: ')) ?? text;
  return line.replace(/signing \[.*?\]: /, '').slice(0, 200);
}

if (import.meta.main && inOwnNetwork()) {
  const fixtures = resolve(dirname(import.meta.dirname), 'packages', 'testkit', 'fixtures', 'cosign');
  await record(resolve(process.argv[2] ?? fixtures));
}
