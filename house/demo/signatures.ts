import {
  completeRequirement,
  type Gantry,
  generateKeyPair,
  type KeyPair,
  keySigner,
  openGantry,
  type Policy,
  policyKey,
  publishPlugin,
  signArtifact,
} from '@gantry/core';
import { type Descriptor, isGantryError, openRepository, openTransport } from '@gantry/oci';
import type { Account } from './account.ts';
import { heading, note, stage } from './print.ts';

/** A repository whose plugins must be signed, and what the demonstration works with. */
export interface SignedScene {
  readonly account: Account;
  /** `host:port/repository:tag`. */
  readonly reference: string;
  /** Where Gantry keeps things. */
  readonly home: string;
  /** The plugin. */
  readonly file: string;
}

/** Publishes a plugin and offers it unsigned, signed by somebody else, and signed by its author: only that is installed. */
export async function signedPlugin(scene: SignedScene): Promise<Policy> {
  const { account, reference } = scene;
  const op = { onEvent: account.onEvent };
  const [author, stranger] = [await generateKeyPair(''), await generateKeyPair('')];
  const policy = await signedBy(author, reference);
  heading(`Whatever comes from ${reference.replace(/:[^:/]*$/, '')} must be signed by one key`);
  await using transport = openTransport({});
  await using repository = openRepository(reference, transport);
  const { root } = await publishPlugin(repository, { content: [scene.file], tag: '1.0' }, op);
  const sign = async ({ privateKey }: KeyPair): Promise<void> => {
    const signer = await keySigner(privateKey, 'the key of the demonstration', async () => '');
    const signed = await account.measure(() => signArtifact(repository, root, { signer }, op));
    stage('sign', root.digest, signed.cost);
  };
  await using gantry = openGantry({ home: scene.home, policy });
  await refused(scene, gantry, root, 'SIGNATURE_MISSING');
  await sign(stranger);
  await refused(scene, gantry, root, 'SIGNATURE_INVALID');
  await sign(author);
  const installed = await account.measure(() => gantry.install(reference, op));
  stage('install', root.digest, installed.cost);
  note(`accepted: ${installed.result.facts.verdict.reason}`);
  return policy;
}

/** The policy that asks for a signature by one key. */
async function signedBy(author: KeyPair, reference: string): Promise<Policy> {
  const signatures = await completeRequirement({ keys: [policyKey(author.publicKey, 'author.pub')] });
  const scope = reference.replace(/:[^:/]*$/, '');
  return { fallback: 'digest', lists: [[{ scope, require: 'cosign', signatures, source: 'the demonstration' }]] };
}

async function refused(
  { account, reference }: SignedScene,
  gantry: Gantry,
  root: Descriptor,
  code: string,
): Promise<void> {
  const op = { onEvent: account.onEvent };
  const { cost, result } = await account.measure(async () => {
    try {
      await gantry.install(reference, op);
    } catch (error) {
      if (isGantryError(error) && error.code === code) return error;
      throw error;
    }
    throw new Error(`${reference} must be refused with ${code}`);
  });
  stage('refused', root.digest, cost);
  note(`${result.code}: ${result.message}`);
}
