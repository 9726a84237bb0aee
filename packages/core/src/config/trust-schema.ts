import * as z from 'zod';
import { normaliseScope } from '../trust/scope.ts';
import { quantity } from './quantity-schema.ts';
import type { RawTrustEntry } from './raw-config.ts';

/** The schema of one entry of `trust`. What it cannot say is checked by `trustClause`. */
export function trustEntry(): z.ZodType<RawTrustEntry> {
  return z.strictObject({
    scope: text
      .refine(
        (scope) => normaliseScope(scope) !== undefined,
        'expected a prefix such as ghcr.io/acme/, https://host/path/ or file:/path, without pattern, tag or digest',
      )
      .describe('Prefix of the names that plugins are asked for by, cut at path boundaries.'),
    require: z
      .enum(['cosign', 'digest', 'none'])
      .describe('cosign: a signature. digest: the user names it. none: anything. The other fields belong to cosign.'),
    keys: oneOrMore(key).optional().describe('Public keys that may sign.'),
    keyless: oneOrMore(identity).optional().describe('Identities that may sign, by certificates of Fulcio.'),
    threshold: z
      .int()
      .min(1, 'expected a whole number from 1')
      .optional()
      .describe('Number of signers that is needed.'),
    trustRoot: trustRoot.optional().describe('Where the keys of authorities and logs come from.'),
    log: z.enum(['required', 'none']).optional().describe('Whether a transparency log must hold the signature.'),
    timestamp: z
      .enum(['log', 'tsa', 'any', 'none'])
      .optional()
      .describe('Who must tell when it was signed: the log, a timestamp authority, one of them, nobody.'),
    ct: z
      .enum(['required', 'none'])
      .optional()
      .describe('Whether a certificate transparency log must know the certificate.'),
    subject: z.enum(['index', 'platform', 'either']).optional().describe('What must be signed.'),
    signatureRepository: text.optional().describe('host/repository that holds the signatures instead.'),
    claims: z.record(z.string().min(1), z.string()).optional().describe('Annotations that the signature must carry.'),
    maxOfflineAge: quantity('milliseconds')
      .optional()
      .describe('How old the verdict of an installed plugin may become, such as 30d.'),
  });
}

const text = z.string().min(1, 'expected a text that is not empty');

const key = z.strictObject({
  file: text.optional().describe('PEM file.'),
  pem: text.optional().describe('The PEM itself.'),
});

const identity = z.strictObject({
  issuer: text.optional().describe('Issuer of the identity token, compared exactly.'),
  issuerPattern: text.optional().describe('Glob or /regexp/ over the whole issuer.'),
  identity: text.optional().describe('Subject alternative name of the certificate, compared exactly.'),
  identityPattern: text.optional().describe('Glob or /regexp/ over the whole subject alternative name.'),
  sourceRepository: text.optional().describe('URL of the repository that was built.'),
  ref: text.optional().describe('Git ref that was built; exact, or a glob such as refs/tags/v*.'),
  buildSigner: text.optional().describe('URL of the workflow that signed, the called one of a reusable workflow.'),
  buildConfig: text.optional().describe('URL of the workflow that was started.'),
  runnerEnvironment: text.optional().describe('Kind of runner, such as github-hosted.'),
});

const time = text.refine(isInstant, 'expected a time such as 2026-01-31T00:00:00Z');

const pemPart = z.strictObject({
  file: text.describe('PEM file: a certificate chain (fulcio, tsa) or a public key (rekor, ct).'),
  url: text
    .refine((url) => URL.canParse(url) && /^https?:$/.test(new URL(url).protocol), 'expected an http or https URL')
    .optional()
    .describe('Base URL; for a log its host is the origin of its checkpoints.'),
  start: time.optional().describe('First instant at which it counts.'),
  end: time.optional().describe('Last instant at which it counts.'),
});

const trustRoot = z.strictObject({
  tuf: z
    .strictObject({
      mirror: text.describe('URL of the repository.'),
      root: text.optional().describe('File of its initial root.json; only the public-good instance needs none.'),
    })
    .optional()
    .describe('A TUF repository.'),
  trustedRoot: text.optional().describe('A trusted_root.json.'),
  pem: z
    .strictObject({
      fulcio: oneOrMore(pemPart).optional().describe('Certificate authorities.'),
      rekor: oneOrMore(pemPart).optional().describe('Transparency logs.'),
      ct: oneOrMore(pemPart).optional().describe('Certificate transparency logs.'),
      tsa: oneOrMore(pemPart).optional().describe('Timestamp authorities.'),
    })
    .optional()
    .describe('PEM files.'),
});

function oneOrMore<T extends z.ZodType>(item: T): z.ZodUnion<[T, z.ZodArray<T>]> {
  return z.union([item, z.array(item).min(1, 'expected at least one')]);
}

/** A date and a time with its zone: without one it would be another instant elsewhere. */
function isInstant(value: string): boolean {
  return (
    /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,3})?(?:Z|[+-]\d\d:\d\d)$/.test(value) && !Number.isNaN(Date.parse(value))
  );
}
