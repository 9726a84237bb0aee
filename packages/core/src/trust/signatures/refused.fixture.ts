import assert from 'node:assert/strict';
import { isGantryError } from '@gantry/oci';
import { judgeSignature } from './judge-signature.ts';
import type { SignatureDocument } from './signature-document.ts';
import type { SignatureQuestion } from './signature-question.ts';

/** What a refusal has to say. */
export interface ExpectedRefusal {
  readonly code: string;
  readonly message: RegExp;
}

/** Asserts that a signature is refused for the right reason. */
export async function assertRefused(
  document: SignatureDocument,
  question: SignatureQuestion,
  { code, message }: ExpectedRefusal,
  name?: string,
): Promise<void> {
  const what = name === undefined ? '' : `${name}: `;
  await assert.rejects(judgeSignature(document, question), (error: unknown) => {
    assert.ok(isGantryError(error), what + String(error));
    assert.equal(error.code, code, what + error.message);
    assert.match(error.message, message, name);
    return true;
  });
}
