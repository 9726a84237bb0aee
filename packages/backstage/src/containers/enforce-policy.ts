import { coreError, type ResolvedPlugin } from '@gantry/core';
import { formatReference, type Op, type RegistryReference } from '@gantry/oci';
import { containersFault } from './containers-fault.ts';
import type { PolicyImage } from './enforcement.ts';
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
 * Throws `POLICY_REFUSED`, `POLICY_IDENTITY`, `SIGNATURE_*`, `REGISTRY_*`, `CONFIG_CONTAINERS`.
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
  const where = `${file} (${scope})`;
  const shown = formatReference({ ...name, digest: plugin.root.digest });
  const image = async (): Promise<PolicyImage> => {
    const fetched = await tools.places(name, op);
    const places = [...fetched.map(({ registry, repository }) => ({ ...name, registry, repository })), name];
    return { plugin, name, shown, file, scope, where, places };
  };
  for (const requirement of requirements) await enforceOne(requirement, { file, shown, where, image }, tools, op);
}

/** An image whose names are looked up when a requirement needs them. */
interface Subject extends Pick<PolicyImage, 'shown' | 'file' | 'where'> {
  readonly image: () => Promise<PolicyImage>;
}

async function enforceOne(
  requirement: PolicyRequirement,
  subject: Subject,
  tools: EnforcementTools,
  op?: Op,
): Promise<void> {
  const { file, shown, where } = subject;
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
      throw containersFault(file, `${shown} cannot be judged: ${requirement.why} (${where})`);
  }
}
