import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import {
  type Descriptor,
  type Digest,
  openRepository,
  openTransport,
  parseReference,
  type Repository,
} from '@gantry/oci';
import {
  attachBundle,
  attachSimple,
  type BundleOptions,
  type LabKeyPair,
  type SigstoreLab,
  type SimpleOptions,
  sigstoreLab,
} from '@gantry/testkit';
import type { Policy, PolicyClause } from '../trust/policy.ts';
import type { SignatureRequirement } from '../trust/requirement.ts';
import { byKeys, keyless } from '../trust/signatures/judging.fixture.ts';
import { testWorld, type World } from './world.fixture.ts';

/** A world in which things are signed. */
export interface SignedWorld extends World {
  readonly lab: SigstoreLab;
  /** The lab's trust root as a file. */
  readonly trustRootFile: string;
  /** The repository of a plugin, as somebody who signs opens it. */
  repository(name: string): Repository;
  /** Signs what a reference names, or something else in its repository, in a bundle among the referrers. */
  sign(reference: string, options?: BundleOptions, what?: Descriptor): Promise<Descriptor>;
  /** Signs it in a layer of the `.sig` tag. */
  signSimple(reference: string, options?: SimpleOptions): Promise<Descriptor>;
  /** One list with one entry for the registry. */
  policy(requirement: SignatureRequirement, scope?: string): Policy;
  /** An entry for the registry. */
  clause(requirement: SignatureRequirement, scope?: string): PolicyClause;
  /** A keyless requirement by the lab's trust root, with the defaults of a trust entry. */
  keyless(changes?: Partial<SignatureRequirement>): SignatureRequirement;
}

/** Makes a world with a lab, whose clock is the real one unless `now` is given. */
export async function signedWorld(t: TestContext, now?: () => number): Promise<SignedWorld> {
  const world = await testWorld(t);
  const lab = sigstoreLab(now === undefined ? {} : { now });
  const transport = openTransport();
  t.after(() => transport[Symbol.asyncDispose]());
  const trustRootFile = join(world.files, 'trusted_root.json');
  writeFileSync(trustRootFile, JSON.stringify(lab.trustedRoot));
  const repository = (name: string): Repository => openRepository(`${world.registry.address}/acme/${name}`, transport);
  const at = async (reference: string): Promise<{ into: Repository; what: Descriptor }> => {
    const parsed = parseReference(reference);
    const into = openRepository(parsed, transport);
    return { into, what: await into.resolve(parsed) };
  };
  const clause: SignedWorld['clause'] = (signatures, scope = `${world.registry.address}/`) => {
    return { scope, require: 'cosign', signatures, source: 'gantry.yaml: trust[0]' };
  };
  return {
    ...world,
    ...{ lab, trustRootFile, repository, clause },
    sign: async (reference, options, other) => {
      const { into, what } = await at(reference);
      const subject = other ?? what;
      const { descriptor } = await attachBundle(into, subject, lab.signBundle(subject.digest, options));
      world.registry.log.clear();
      return descriptor;
    },
    signSimple: async (reference, options) => {
      const { into, what } = await at(reference);
      const { descriptor } = await attachSimple(into, what, [lab.signSimple(what.digest, options)]);
      world.registry.log.clear();
      return descriptor;
    },
    policy: (requirement, scope) => ({ fallback: 'digest', lists: [[clause(requirement, scope)]] }),
    keyless: (changes) => keyless({ trustRoot: { type: 'file', path: trustRootFile }, ...changes }),
  };
}

/** A requirement of a key. */
export function byKey(pair: LabKeyPair, changes?: Partial<SignatureRequirement>): SignatureRequirement {
  return byKeys([pair], changes);
}

/** The digest in a reference. */
export function digestIn(reference: string): Digest {
  const { digest } = parseReference(reference);
  if (digest === undefined) throw new TypeError(`${reference} has no digest`);
  return digest;
}
