import { type Digest, digestAlgorithm, digestHex } from '@gantry/oci';
import { SIMPLE_SIGNING_TYPE } from '../trust/signatures/read-simple-signing.ts';
import { SIGNATURE_PREDICATE_TYPE, STATEMENT_TYPE } from '../trust/signatures/read-statement.ts';

/** What the signer says besides: `-a k=v` of the command line. */
export type Claims = Readonly<Record<string, string>>;

/**
 * The in-toto statement by which cosign 3 signs: one subject without a name, and the claims as its annotations. Its predicate
 * is empty, since signing says nothing more.
 */
export function signingStatement(signed: Digest, claims: Claims): Buffer {
  const digest = { [digestAlgorithm(signed)]: digestHex(signed) };
  const annotations = Object.keys(claims).length === 0 ? {} : { annotations: claims };
  const statement = {
    _type: STATEMENT_TYPE,
    subject: [{ digest, ...annotations }],
    predicateType: SIGNATURE_PREDICATE_TYPE,
    predicate: {},
  };
  return Buffer.from(JSON.stringify(statement));
}

/**
 * The payload of simple signing (containers-signature(5)), as cosign writes it. `reference` names the repository for
 * people; who verifies does not compare it by default, since copies have other names.
 */
export function simpleSigningPayload(signed: Digest, reference: string, claims: Claims): Buffer {
  const payload = {
    critical: {
      identity: { 'docker-reference': reference },
      image: { 'docker-manifest-digest': signed },
      type: SIMPLE_SIGNING_TYPE,
    },
    optional: Object.keys(claims).length === 0 ? null : claims,
  };
  return Buffer.from(JSON.stringify(payload));
}
