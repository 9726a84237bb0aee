import {
  clausesFor,
  createGate,
  type Gate,
  type JudgeOptions,
  judge,
  type Policy,
  policyDigest,
  type ResolvedPlugin,
  resolveReference,
} from '@gantry/core';
import {
  type Digest,
  formatReference,
  type Op,
  ociError,
  ociLimits,
  type Platform,
  parseReference,
  type RegistryReference,
  type Repository,
  repositoryName,
} from '@gantry/oci';
import type { RegistryFallback } from './registry-fallback.ts';

/** An image that may be installed. */
export interface AdmittedImage {
  readonly plugin: ResolvedPlugin;
  /** The trust entry that accepted it, or `unsigned`. */
  readonly signer: string;
}

/** What images are resolved and judged with. */
export interface ImageResolverOptions {
  readonly openRepository: (reference: RegistryReference, op?: Op) => Promise<Repository>;
  readonly fallback: RegistryFallback;
  readonly policy: Policy;
  readonly judgeTools: Pick<JudgeOptions, 'trustRoots' | 'openRepository' | 'memory' | 'environment'>;
  readonly platform: Platform;
  /** Refuses by policy.json. The plugin has the name that it was fetched under. */
  readonly enforce?: (plugin: ResolvedPlugin, op?: Op) => Promise<void>;
}

/** Resolves and judges each image once in a run, `parallelTransfers` of them at a time. */
export interface ImageResolver {
  /** From a name to an admitted digest. A failure is remembered as well. */
  admit(image: string, op?: Op): Promise<AdmittedImage>;
  /** Which digest the name has: no request when it is known, else one HEAD. An untrusted hint. */
  peek(image: string, op?: Op): Promise<Digest>;
  /** Digest of the trust entries that answer for an image. */
  rules(image: string, op?: Op): Digest;
}

/** Opens the resolver of one run. */
export function openImageResolver(options: ImageResolverOptions): ImageResolver {
  const admitted = new Map<string, Promise<AdmittedImage>>();
  const { fallback, openRepository, policy } = options;
  let gate: Gate | undefined;

  const inTurn = async (image: string, op?: Op): Promise<AdmittedImage> => {
    gate ??= createGate(ociLimits(op, 'parallelTransfers'));
    const leave = await gate.enter();
    try {
      op?.signal?.throwIfAborted();
      return await admitImage(image, options, op);
    } finally {
      leave();
    }
  };

  const admit: ImageResolver['admit'] = (image, op) => {
    const known = admitted.get(image);
    if (known !== undefined) return known;
    const work = inTurn(image, op);
    work.catch(() => {});
    admitted.set(image, work);
    return work;
  };

  return {
    admit,
    rules: (image, op) => policyDigest(policy, clausesFor(policy, repositoryName(imageReference(image, op)))),
    peek: async (image, op) => {
      const reference = imageReference(image, op);
      if (reference.digest !== undefined) return reference.digest;
      const known = admitted.get(image);
      if (known !== undefined) return (await known).plugin.root.digest;
      const ask = async (name: RegistryReference) => await (await openRepository(name, op)).peek(name, op);
      const hint = await fallback.ask(image, reference, ask, op);
      return hint.digest ?? (await admit(image, op)).plugin.root.digest;
    },
  };
}

/** An image, and which of its names has it. */
interface Found {
  readonly plugin: ResolvedPlugin;
  readonly name: RegistryReference;
}

async function admitImage(image: string, options: ImageResolverOptions, op?: Op): Promise<AdmittedImage> {
  const { fallback, openRepository, platform } = options;
  const reference = imageReference(image, op);
  const resolve = async (name: RegistryReference): Promise<Found> => {
    const plugin = await resolveReference(await openRepository(name, op), name, { source: image, platform }, {}, op);
    return { plugin, name };
  };
  const { plugin, name } = await fallback.ask(image, reference, resolve, op);
  const signer = await judgeBothNames(plugin, repositoryName(reference), options, op);
  // policy.json is about the name that skopeo would be asked for.
  await options.enforce?.(name === reference ? plugin : { ...plugin, source: formatReference(name) }, op);
  return { plugin, signer };
}

/** Trust is about the name that the user wrote; what another name stood in for has to satisfy that one too. */
async function judgeBothNames(
  plugin: ResolvedPlugin,
  written: string,
  { policy, judgeTools }: ImageResolverOptions,
  op?: Op,
): Promise<string> {
  const rules = { ...judgeTools, policy };
  const { verdict } = await judge({ ...plugin, scopeName: written }, rules, {}, op);
  if (plugin.scopeName === written) return verdict.signer;
  const second = await judge(plugin, rules, {}, op);
  return verdict.signer === 'unsigned' ? second.verdict.signer : verdict.signer;
}

/** The reference of an image as `dynamic-plugins.yaml` or a variable names it. Throws `REFERENCE_*`. */
export function imageReference(image: string, op?: Op): RegistryReference {
  const reference = parseReference(image, op);
  if (reference.kind === 'registry') return reference;
  throw ociError('REFERENCE_UNSUPPORTED', `${image} is not in a registry`);
}
