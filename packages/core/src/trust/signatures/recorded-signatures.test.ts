import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { type Digest, openLayout, parseDigest, parseReference } from '@gantry/oci';
import { type RecordedSignature, recordedSignatures } from '@gantry/testkit';
import { gatherSignatures } from '../evidence/gather.ts';
import { policyKey } from '../material/policy-key.ts';
import type { SignatureRequirement } from '../requirement.ts';
import { judgeSignatures } from './judge-signatures.ts';
import { byKeys, keyless, loaded } from './judging.fixture.ts';
import type { SignatureDocument } from './signature-document.ts';

const RECORDED = recordedSignatures();
const TRUST_ROOT = loaded(JSON.parse(readFileSync(RECORDED.trustedRoot, 'utf8')));

/** Everything that lies at a digest in the recorded layout. */
async function documentsAt(digest: Digest): Promise<readonly SignatureDocument[]> {
  await using layout = await openLayout(RECORDED.layout);
  const subject = await layout.resolve(parseReference(`oci-layout:${RECORDED.layout}@${digest}`));
  const documents: SignatureDocument[] = [];
  for await (const found of gatherSignatures(layout, subject)) documents.push(...found.documents);
  return documents;
}

/** What a careful policy would ask for: whatever cosign left, and nothing less. */
function requirementFor({ signer, log, stamped, workflow }: RecordedSignature): SignatureRequirement {
  const required = log === 'none' ? 'none' : 'required';
  if ('key' in signer) {
    const key = policyKey(readFileSync(RECORDED.keyFile(signer.key), 'utf8'), signer.key);
    return byKeys([], { keys: [key], log: required, timestamp: stamped ? 'tsa' : 'none' });
  }
  const github = workflow && {
    sourceRepository: { exact: `https://github.com/${workflow.repository}` },
    ref: { exact: workflow.ref },
    runnerEnvironment: { exact: 'github-hosted' },
  };
  const identity = { issuer: { exact: signer.issuer }, identity: { exact: signer.identity }, ...github };
  return keyless({ identities: [identity], log: required, timestamp: stamped ? 'tsa' : 'any' });
}

/** Why a recorded signature cannot be accepted; undefined when it is. */
function refusalOf({ signer, lasting, verb }: RecordedSignature): string | undefined {
  if (verb === 'attest') return 'SIGNATURE_MISSING';
  // cosign signs with Ed25519ph and verifies Ed25519, so that it does not accept what it signed either.
  if ('key' in signer && signer.key.includes('ed25519')) return 'SIGNATURE_INVALID';
  return lasting ? undefined : 'SIGNATURE_TIME';
}

for (const { tag, signatures } of RECORDED.cases) {
  for (const [index, signature] of signatures.entries()) {
    // An attestation beside a signature takes nothing from it (C5).
    if (signature.verb === 'attest' && signatures.length > 1) continue;
    const refusal = refusalOf(signature);
    test(`what ${signature.by} signed is ${refusal ?? 'accepted'}: ${tag} ${index}`, async () => {
      const signed = parseDigest(signature.signed);
      const requirement = requirementFor(signature);
      const asked = { root: signed, manifest: signed, requirement, trustRoot: TRUST_ROOT, now: Date.now() };
      const judged = await judgeSignatures(await documentsAt(signed), asked);
      assert.equal(judged.refusal?.code, refusal, judged.refusal?.message);
      if (refusal !== undefined) return;
      const [accepted] = judged.accepted;
      assert.equal(accepted?.signed, signed);
      assert.equal(accepted?.log?.verified ?? false, signature.log !== 'none');
      if ('identity' in signature.signer) assert.equal(accepted?.identity, signature.signer.identity);
    });
  }
}
