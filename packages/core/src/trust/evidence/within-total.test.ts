import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SignatureDocument } from '../signatures/signature-document.ts';
import type { Found } from './evidence-source.ts';
import { withinTotal } from './within-total.ts';

const DIGEST = `sha256:${'1'.repeat(64)}` as const;

function document(bytes: number, annotations: Record<string, string> = {}): SignatureDocument {
  return {
    ...{ format: 'simple-signing', subject: DIGEST, manifest: DIGEST, mediaType: 'x', annotations },
    bytes: new Uint8Array(bytes),
  };
}

test('C7: signatureTotalBytes holds at n and n+1: annotations count, and nothing more is asked for', async () => {
  const documents = [document(10, { a: 'b' }), document(20), document(30)];
  const total = 10 + '{"a":"b"}'.length + 20 + '{}'.length + 30 + '{}'.length;
  let asked = 0;
  async function* looks(): AsyncGenerator<Found, void, undefined> {
    for (const one of [...documents, document(1)].slice(0, asked === 0 ? 3 : 4)) {
      asked += 1;
      yield { documents: [one] };
    }
  }
  const all = async (signatureTotalBytes: number): Promise<readonly Found[]> => {
    const found: Found[] = [];
    for await (const one of withinTotal(looks(), 'acme/tool', { limits: { signatureTotalBytes } })) found.push(one);
    return found;
  };
  assert.deepEqual(
    (await all(total)).flatMap((found) => found.documents),
    documents,
  );
  const fewer = await all(total - 1);
  assert.deepEqual(
    fewer.flatMap((found) => found.documents),
    documents.slice(0, 2),
  );
  assert.equal(fewer.at(-1)?.cut?.code, 'SIGNATURE_LIMIT');
  assert.match(fewer.at(-1)?.cut?.message ?? '', /acme\/tool/);
  assert.equal(asked, 6, 'what comes after the limit is not asked for');
});
