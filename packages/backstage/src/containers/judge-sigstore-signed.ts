import {
  completeRequirement,
  coreError,
  gatherSignatures,
  judgeSignature,
  type LoadedTrustRoot,
  type PemFile,
  type PolicyKey,
  policyKey,
  type SignatureDocument,
  type SignatureRequirement,
  trustRootFromPem,
} from '@gantry/core';
import {
  escapeRemote,
  formatReference,
  type GantryError,
  isGantryError,
  type JsonValue,
  type Op,
  parseJson,
} from '@gantry/oci';
import { type PolicyImage, reasonsText, unenforced } from './enforcement.ts';
import { fulcioChains } from './fulcio-chains.ts';
import { identityMatches } from './identity-match.ts';
import { keySourceName, readKeySource } from './key-source.ts';
import type { KeySource, SigstoreSigned } from './policy.ts';

/** The annotation of cosign with the certificates above that of the signer. */
const CHAIN = 'dev.sigstore.cosign/chain';

/** A requirement with its keys read, so that judging does no I/O. */
interface Material {
  readonly requirement: SignatureRequirement;
  /** Trust material for one signature: authorities are completed by what it brings along, as far as they issued it. */
  readonly trustRootFor: (document: SignatureDocument) => Promise<LoadedTrustRoot | undefined>;
}

/**
 * Holds an image against `sigstoreSigned`: one signature that cosign left beside it, in the format that says a name, has to be
 * by a key or identity of the requirement, over the digest of the manifest that was fetched, and its name one that
 * `signedIdentity` takes. `use-sigstore-attachments` of registries.d is not needed for it to be looked for.
 * Throws `SIGNATURE_*`, `POLICY_IDENTITY`, `REGISTRY_*`, and `POLICY_UNENFORCED` for keys that are none.
 */
export async function judgeSigstoreSigned(
  image: PolicyImage,
  rule: SigstoreSigned,
  now: number,
  op?: Op,
): Promise<void> {
  const { plugin, shown, where } = image;
  const material = await readMaterial(rule, op).catch((cause: unknown) => {
    throw isGantryError(cause) ? unenforced(image, cause.message, { cause }) : cause;
  });
  const { digest } = plugin.manifest;
  const { requirement } = material;
  const judge = async (document: SignatureDocument): Promise<unknown> => {
    const trustRoot = await material.trustRootFor(document);
    return judgeSignature(document, { requirement, trustRoot, root: digest, manifest: digest, now }, op);
  };
  const errors: GantryError[] = [];
  if (plugin.repository !== undefined) {
    for await (const { documents, fault, cut } of gatherSignatures(plugin.repository, plugin.manifest, op)) {
      if (cut !== undefined) throw cut;
      if (fault !== undefined) errors.push(fault);
      for (const document of documents) {
        const refusal = await refusalOf(document, () => judge(document), rule, image, op);
        if (refusal === undefined) return;
        errors.push(refusal);
      }
    }
  }
  const details = { reference: shown, digest, policySource: where };
  const [first] = errors;
  if (first === undefined) {
    throw coreError('SIGNATURE_MISSING', `${shown}: ${where} wants a signature of Sigstore, and there is none`, {
      details,
    });
  }
  const reasons = reasonsText(errors.map(({ message }) => message));
  const message = `${shown}: ${where} wants a signature of Sigstore, and none counts: ${reasons}`;
  const named = errors.every(({ code }) => code === 'POLICY_IDENTITY');
  throw coreError(named ? 'POLICY_IDENTITY' : 'SIGNATURE_INVALID', message, { details, cause: first });
}

async function refusalOf(
  document: SignatureDocument,
  judge: () => Promise<unknown>,
  rule: SigstoreSigned,
  image: PolicyImage,
  op?: Op,
): Promise<GantryError | undefined> {
  if (document.format !== 'simple-signing') {
    return coreError('POLICY_IDENTITY', `${document.manifest} is a bundle, which names no image`);
  }
  try {
    await judge();
  } catch (error) {
    if (isGantryError(error)) return error;
    throw error;
  }
  const name = signedName(document, op);
  if (name !== undefined && identityMatches(rule.identity, image.name, name)) return undefined;
  const found = name === undefined ? 'no name' : escapeRemote(name, 200);
  return coreError('POLICY_IDENTITY', `it says ${found}, for ${formatReference(image.name)} (${rule.identity.type})`);
}

/** `critical.identity.docker-reference` of a payload whose signature was verified. */
function signedName({ bytes }: SignatureDocument, op?: Op): string | undefined {
  const field = (value: JsonValue | undefined, key: string): JsonValue | undefined =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as { readonly [key: string]: JsonValue })[key]
      : undefined;
  const name = field(field(field(parseJson(bytes, op), 'critical'), 'identity'), 'docker-reference');
  return typeof name === 'string' ? name : undefined;
}

async function readMaterial(rule: SigstoreSigned, op?: Op): Promise<Material> {
  const { fulcio } = rule;
  const authorities = fulcio && pemFile('fulcio', fulcio.authorities, op);
  const rekor = rule.rekor.map((source) => pemFile('rekor', source, op));
  const load = async (brought?: string): Promise<LoadedTrustRoot | undefined> => {
    const pem = [...(authorities === undefined ? [] : fulcioChains(authorities, brought)), ...rekor];
    return pem.length === 0 ? undefined : trustRootFromPem(pem, op);
  };
  const part = (files: readonly PemFile[]) => files.map((file) => file.part);
  const requirement = await completeRequirement({
    keys: distinct(rule.keys.map((source) => keyOf(source, op))),
    ...(fulcio !== undefined && {
      identities: [{ issuer: { exact: fulcio.issuer }, identity: { exact: fulcio.email } }],
      ...{ timestamp: 'log', ct: 'none' },
    }),
    log: rekor.length > 0 ? 'required' : 'none',
    ...(rekor.length > 0 && {
      trustRoot: {
        type: 'pem',
        parts: { fulcio: part(authorities ? [authorities] : []), rekor: part(rekor), ct: [], tsa: [] },
      },
    }),
  });
  // What is wrong with the material is wrong with the policy, whatever signatures there are.
  await load();
  return { requirement, trustRootFor: ({ annotations }) => load(annotations[CHAIN]) };
}

function pemFile(kind: PemFile['kind'], source: KeySource, op?: Op): PemFile {
  return { kind, part: { path: keySourceName(source) }, text: readKeySource(source, op).toString('latin1') };
}

function keyOf(source: KeySource, op?: Op): PolicyKey {
  return policyKey(readKeySource(source, op).toString('latin1'), keySourceName(source));
}

/** Any one of the keys is enough, so one that is there twice is one key. */
function distinct(keys: readonly PolicyKey[]): readonly PolicyKey[] {
  return keys.filter(({ id }, index) => keys.findIndex((key) => key.id === id) === index);
}
