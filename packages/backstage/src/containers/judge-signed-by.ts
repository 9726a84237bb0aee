import { coreError } from '@gantry/core';
import { escapeRemote, formatReference, type GantryError, isGantryError, type Op, readAll } from '@gantry/oci';
import { type PolicyImage, reasonsText, unenforced } from './enforcement.ts';
import type { GpgSignatures, Keyring } from './gpg-signatures.ts';
import { identityMatches } from './identity-match.ts';
import type { Lookasides } from './lookaside.ts';
import type { SignedBy } from './policy.ts';

/** What `signedBy` is enforced with. */
export interface SignedByTools {
  readonly gpg: GpgSignatures;
  readonly lookasides: Lookasides;
}

/**
 * Holds an image against `signedBy`: one signature in a lookaside has to be by a key of the requirement, over the very manifest
 * that was fetched, under a name that `signedIdentity` takes. Throws `SIGNATURE_*`, `POLICY_IDENTITY`, `REGISTRY_*` when a
 * lookaside cannot be asked, `POLICY_UNENFORCED` where skopeo or gpg is missing, `CONFIG_CONTAINERS` for keys that are none.
 */
export async function judgeSignedBy(
  image: PolicyImage,
  requirement: SignedBy,
  { gpg, lookasides }: SignedByTools,
  op?: Op,
): Promise<void> {
  const { plugin, shown, where } = image;
  const missing = await gpg.missing();
  if (missing !== undefined) {
    const hint = `install ${missing}, or change the policy; nothing else is accepted in its place`;
    throw unenforced(image, `signedBy needs ${missing} on PATH, and it is not there`, { hint });
  }
  const keyring = await gpg.keyring(requirement.keys, op);
  const manifest = await readAll(plugin.content, plugin.manifest, op);
  const identities: string[] = [];
  const invalid: string[] = [];
  const failures: GantryError[] = [];
  const asked = lookasides.of(image.places, op);
  for (const lookaside of asked) {
    try {
      for await (const { bytes, from } of lookaside.signatures(plugin.manifest.digest, op)) {
        const answer = await judgeOne({ image, requirement, gpg, keyring, manifest, signature: bytes }, op);
        if (answer === 'accepted') return;
        const [reasons, why] = 'identity' in answer ? [identities, answer.identity] : [invalid, answer.invalid];
        reasons.push(`${from}: ${why}`);
      }
    } catch (error) {
      // Another lookaside may have what this one cannot be asked for.
      if (!isGantryError(error) || !error.code.startsWith('REGISTRY_')) throw error;
      failures.push(error);
    }
  }
  if (failures[0] !== undefined) throw failures[0];
  const details = { reference: shown, digest: plugin.manifest.digest, policySource: where };
  const hint = 'compare signedIdentity in the policy, and the keys, with what its publisher signs under';
  if (invalid.length > 0) {
    const message = `${shown}: ${where} wants a GPG signature, and none counts: ${reasonsText([...invalid, ...identities])}`;
    throw coreError('SIGNATURE_INVALID', message, { details, hint });
  }
  if (identities.length > 0) {
    const message = `${shown}: ${where} does not take the names that it is signed under: ${reasonsText(identities)}`;
    throw coreError('POLICY_IDENTITY', message, { details, hint });
  }
  const searched = asked.map(({ url }) => url).join(', ');
  throw coreError('SIGNATURE_MISSING', `${shown}: ${where} wants a GPG signature, and there is none at ${searched}`, {
    details,
    hint: 'registries.d/*.yaml says where signatures are (lookaside)',
  });
}

/** One signature, and what it is judged with. */
interface Question {
  readonly image: PolicyImage;
  readonly requirement: SignedBy;
  readonly gpg: GpgSignatures;
  readonly keyring: Keyring;
  readonly manifest: Uint8Array;
  readonly signature: Uint8Array;
}

type Answer = 'accepted' | { readonly identity: string } | { readonly invalid: string };

async function judgeOne(question: Question, op?: Op): Promise<Answer> {
  const { image, requirement, gpg, keyring, manifest, signature } = question;
  const claimed = await gpg.claims(signature, op);
  if (claimed === undefined) return { invalid: 'it is no signature of simple signing' };
  // A name that does not count is not worth verifying; one that does is verified as the name that was signed.
  if (!identityMatches(requirement.identity, image.name, claimed.reference)) {
    return { identity: `it says ${escapeRemote(claimed.reference, 200)}, for ${formatReference(image.name)}` };
  }
  const why = await gpg.verify(manifest, signature, claimed, keyring, op);
  return why === undefined ? 'accepted' : { invalid: why };
}
