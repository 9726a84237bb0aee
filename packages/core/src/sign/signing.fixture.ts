import { generateKeyPairSync, type KeyPairKeyObjectResult } from 'node:crypto';
import {
  companionTag,
  type Descriptor,
  type JsonObject,
  openTransport,
  type Repository,
  readAll,
  resolveTag,
  type Transport,
} from '@gantry/oci';
import { type Cleanup, publishArtifact } from '@gantry/testkit';
import { keySigner } from './key-signer.ts';
import type { Signer } from './signer.ts';

/** A signer with a fresh key. */
export function freshSigner(
  keys: KeyPairKeyObjectResult = generateKeyPairSync('ec', { namedCurve: 'P-256' }),
): Promise<Signer> {
  return keySigner(String(keys.privateKey.export({ type: 'pkcs8', format: 'pem' })), 'test key', () => '');
}

/** An artifact of one file. */
export async function publishOne(repository: Repository, content = 'plugin'): Promise<Descriptor> {
  return (await publishArtifact(repository, { layers: [{ content }] })).descriptor;
}

/** A transport that is closed after the test. */
export function testTransport(t: Cleanup): Transport {
  const transport = openTransport({});
  t.after(async () => transport[Symbol.asyncDispose]());
  return transport;
}

/** The JSON of something in a repository. */
export async function jsonOf(repository: Repository, what: Descriptor): Promise<JsonObject> {
  return JSON.parse(Buffer.from(await readAll(repository, what)).toString());
}

/** The manifests of bundles that refer to something. */
export async function bundlesOf(repository: Repository, subject: Descriptor): Promise<readonly Descriptor[]> {
  return (await repository.referrers(subject)).descriptors;
}

/** The manifest under the `.sig` tag. */
export async function signatureImageOf(repository: Repository, subject: Descriptor): Promise<Descriptor | undefined> {
  return resolveTag(repository, companionTag(subject.digest, 'sig'));
}
