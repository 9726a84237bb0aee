/** Judging signatures in this process: by a key, and keyless in every form against `@sigstore/verify` alone. */
import { createHash } from 'node:crypto';
import { labKeyPair, sigstoreLab } from '@gantry/testkit';
import { bundleFromJSON } from '@sigstore/bundle';
import { TrustedRoot } from '@sigstore/protobuf-specs';
import { toSignedEntity, toTrustMaterial, Verifier } from '@sigstore/verify';
import { judgeSignature } from '../packages/core/src/trust/signatures/judge-signature.ts';
import {
  bundleOf,
  byKeys,
  keyless,
  loaded,
  question,
  simpleOf,
} from '../packages/core/src/trust/signatures/judging.fixture.ts';
import type { SignatureDocument } from '../packages/core/src/trust/signatures/signature-document.ts';
import type { SignatureQuestion } from '../packages/core/src/trust/signatures/signature-question.ts';
import { median } from './measure.ts';
import { standingVerdicts } from './standing.ts';
import { ms, type Row } from './table.ts';

const WARM_UP = 100;
const ROUNDS = 500;

/** The median seconds of two things that take turns. */
async function alternately(a: () => unknown, b: () => unknown): Promise<[number, number]> {
  const seconds: [number[], number[]] = [[], []];
  for (let round = 0; round < WARM_UP + ROUNDS; round++) {
    for (const [index, run] of [a, b].entries()) {
      const begin = performance.now();
      await run();
      if (round >= WARM_UP) seconds[index]?.push((performance.now() - begin) / 1000);
    }
  }
  return [median(seconds[0]), median(seconds[1])];
}

/** What a verifier without our checks costs: parse the bundle, verify it. `artifact` is what a message signature is over. */
function byLibrary(bytes: Uint8Array, { trustRoot }: SignatureQuestion, artifact?: Buffer): () => unknown {
  if (trustRoot === undefined) throw new Error('the library needs a trust root');
  const material = toTrustMaterial(TrustedRoot.fromJSON(TrustedRoot.toJSON(trustRoot.root)));
  return () => {
    const bundle = bundleFromJSON(JSON.parse(Buffer.from(bytes).toString()));
    return new Verifier(material, { tlogThreshold: 1, ctlogThreshold: 1, timestampThreshold: 1 }).verify(
      toSignedEntity(bundle, artifact),
    );
  };
}

/** Rows of `npm run bench -- judging`. */
export async function judging(): Promise<Row[]> {
  const rows: Row[] = [];
  const lab = sigstoreLab();
  const now = Date.now();
  const keyPair = labKeyPair();
  const byKey = question(byKeys([keyPair]), undefined, { now });
  const signedByKey = bundleOf(lab, { key: keyPair, log: 'none', tsa: false });
  const [key] = await alternately(
    () => judgeSignature(signedByKey, byKey),
    () => undefined,
  );
  rows.push({
    name: 'judging a signature by a key',
    measured: ms(key),
    against: 'a bound',
    target: '<= 0.4 ms',
    met: key <= 0.4e-3,
    notes: `P-256, a DSSE bundle without log entry, median of ${ROUNDS}`,
  });
  const asked = question(keyless(), loaded(lab.trustedRoot), { now });
  const flows: readonly (readonly [string, SignatureDocument])[] = [
    ['bundle, Rekor v2 and timestamp', bundleOf(lab, { log: 'v2', tsa: true })],
    ['bundle, Rekor v1', bundleOf(lab, { log: 'v1', tsa: false })],
    ['bundle, Rekor v1 and timestamp', bundleOf(lab, { log: 'v1', tsa: true })],
  ];
  for (const [name, document] of flows) {
    const [ours, library] = await alternately(() => judgeSignature(document, asked), byLibrary(document.bytes, asked));
    rows.push(ratioRow(`judging keyless, ${name}`, ours, library));
  }
  const simple = simpleOf(lab, { log: 'v1' });
  const [ours, library] = await alternately(
    () => judgeSignature(simple, asked),
    byLibrary(asBundle(simple), asked, Buffer.from(simple.bytes)),
  );
  rows.push(ratioRow('judging keyless, .sig layer, Rekor v1', ours, library));
  rows.push(...(await standingVerdicts()));
  return rows;
}

/** A `.sig` layer in the form that the library takes; made before anything is timed. */
function asBundle({ bytes, annotations }: SignatureDocument): Uint8Array {
  const annotation = (name: string): string => annotations[name] ?? '';
  const log = JSON.parse(annotation('dev.sigstore.cosign/bundle')) as {
    SignedEntryTimestamp: string;
    Payload: { body: string; integratedTime: number; logIndex: number; logID: string };
  };
  const { kind, apiVersion } = JSON.parse(Buffer.from(log.Payload.body, 'base64').toString()) as Record<string, string>;
  const certificate = annotation('dev.sigstore.cosign/certificate').replace(/-----[^-]+-----|\s/g, '');
  return Buffer.from(
    JSON.stringify({
      mediaType: 'application/vnd.dev.sigstore.bundle+json;version=0.1',
      verificationMaterial: {
        x509CertificateChain: { certificates: [{ rawBytes: certificate }] },
        tlogEntries: [
          {
            logIndex: String(log.Payload.logIndex),
            logId: { keyId: Buffer.from(log.Payload.logID, 'hex').toString('base64') },
            kindVersion: { kind, version: apiVersion },
            integratedTime: String(log.Payload.integratedTime),
            inclusionPromise: { signedEntryTimestamp: log.SignedEntryTimestamp },
            canonicalizedBody: log.Payload.body,
          },
        ],
      },
      messageSignature: {
        messageDigest: { algorithm: 'SHA2_256', digest: createHash('sha256').update(bytes).digest('base64') },
        signature: annotation('dev.cosignproject.cosign/signature'),
      },
    }),
  );
}

function ratioRow(name: string, ours: number, library: number): Row {
  const ratio = ours / library;
  return {
    name,
    measured: ms(ours),
    against: `@sigstore/verify alone ${ms(library)}`,
    ratio,
    target: '<= 1.15',
    met: ratio <= 1.15,
    notes: `median of ${ROUNDS}, in turn`,
  };
}
