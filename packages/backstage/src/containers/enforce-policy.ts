import { coreError, type ResolvedPlugin } from '@gantry/core';
import { errorFamily, formatReference, isGantryError, type Op, type RegistryReference } from '@gantry/oci';
import { type PolicyImage, unenforced } from './enforcement.ts';
import { namedImage } from './image-scopes.ts';
import type { SignedByTools } from './judge-signed-by.ts';
import { rulesFor } from './load-policy.ts';
import type { ContainersPolicy, PolicyRequirement } from './policy.ts';

/** What a policy is enforced with. */
export interface EnforcementTools extends SignedByTools {
  /** The names under which an image may have been fetched. */
  readonly places: (
    name: RegistryReference,
    op?: Op,
  ) => Promise<readonly Pick<RegistryReference, 'registry' | 'repository'>[]>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/**
 * Holds a resolved image against policy.json: every requirement of the narrowest scope that covers the name it was asked for
 * under. Signatures have to be of the manifest for the platform, as in containers/image, which nothing fetches a second time.
 * Throws `POLICY_REFUSED`, `POLICY_IDENTITY`, `SIGNATURE_*`, `REGISTRY_*`, and `POLICY_UNENFORCED` for what cannot be judged.
 */
export async function enforcePolicy(
  policy: ContainersPolicy,
  plugin: ResolvedPlugin,
  tools: EnforcementTools,
  op?: Op,
): Promise<void> {
  const name = namedImage(plugin.source);
  if (name === undefined) return;
  const { requirements, file, scope } = rulesFor(policy, name);
  const said = { shown: formatReference({ ...name, digest: plugin.root.digest }), where: `${file} (${scope})` };
  const image = async (): Promise<PolicyImage> => {
    const fetched = await tools.places(name, op);
    const places = [...fetched.map(({ registry, repository }) => ({ ...name, registry, repository })), name];
    return { ...said, plugin, name, places };
  };
  for (const requirement of requirements) {
    try {
      await enforceOne(requirement, { ...said, image }, tools, op);
    } catch (cause) {
      // A broken key or file of one scope is no reason to refuse the images of others.
      if (!isGantryError(cause) || errorFamily(cause.code) !== 'CONFIG') throw cause;
      throw unenforced(said, cause.message, { cause });
    }
  }
}

/** An image whose names are looked up when a requirement needs them. */
interface Subject extends Pick<PolicyImage, 'shown' | 'where'> {
  readonly image: () => Promise<PolicyImage>;
}

async function enforceOne(
  requirement: PolicyRequirement,
  subject: Subject,
  tools: EnforcementTools,
  op?: Op,
): Promise<void> {
  const { shown, where } = subject;
  switch (requirement.type) {
    case 'insecureAcceptAnything':
      return;
    case 'reject':
      throw coreError('POLICY_REFUSED', `${shown}: ${where} rejects it`, {
        details: { reference: shown, policySource: where },
        hint: 'change the policy, or use an image that it accepts',
      });
    case 'signedBy': {
      const { judgeSignedBy } = await import('./judge-signed-by.ts');
      return judgeSignedBy(await subject.image(), requirement, tools, op);
    }
    case 'sigstoreSigned': {
      const { judgeSigstoreSigned } = await import('./judge-sigstore-signed.ts');
      return judgeSigstoreSigned(await subject.image(), requirement, tools.now(), op);
    }
    case 'unsupported':
      throw unenforced(subject, requirement.why);
  }
}
