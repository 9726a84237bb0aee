import type { Digest } from '@gantry/oci';
import type { Evidence } from '../trust/evidence.ts';
import type { AcceptedSignature, LogFact } from '../trust/signatures/accepted-signature.ts';
import type { Verdict } from '../trust/verdict.ts';
import type { RecordFields } from './record-fields.ts';

const FORMATS = ['bundle', 'simple-signing'] as const;

/**
 * A verdict as a receipt keeps it. Receipts from before there were signatures lack what belongs to those; they were judged
 * when they were written.
 */
export function parseVerdict(fields: RecordFields, installedAt: string): Verdict {
  fields.only(
    'accepted',
    'policy',
    'policySource',
    'policyDigest',
    'trustRootDigest',
    'subject',
    'covers',
    'signer',
    'signatures',
    'evidence',
    'judgedAt',
    'expiresAt',
    'stale',
    'reason',
  );
  return {
    accepted: fields.flag('accepted'),
    policy: fields.oneOf('policy', ['cosign', 'digest', 'none', 'local']),
    policySource: fields.text('policySource'),
    policyDigest: fields.digest('policyDigest'),
    ...(fields.has('trustRootDigest') && { trustRootDigest: fields.digest('trustRootDigest') }),
    subject: fields.digest('subject'),
    covers: fields.oneOf('covers', ['index', 'platform']),
    signer: fields.text('signer'),
    signatures: fields.has('signatures') ? fields.records('signatures').map(parseSignature) : [],
    evidence: fields.has('evidence') ? fields.digests('evidence') : [],
    judgedAt: fields.has('judgedAt') ? fields.time('judgedAt') : installedAt,
    ...(fields.has('expiresAt') && { expiresAt: fields.time('expiresAt') }),
    stale: fields.has('stale') && fields.flag('stale'),
    reason: fields.text('reason'),
  };
}

function parseSignature(fields: RecordFields): AcceptedSignature {
  fields.only(
    'evidence',
    'format',
    'signed',
    'clause',
    'signer',
    'key',
    'identity',
    'issuer',
    'log',
    'time',
    'timeSource',
  );
  return {
    evidence: fields.digest('evidence'),
    format: fields.oneOf('format', FORMATS),
    signed: fields.digest('signed'),
    clause: fields.text('clause'),
    signer: fields.text('signer'),
    ...(fields.has('key') && { key: fields.digest('key') }),
    ...(fields.has('identity') && { identity: fields.text('identity') }),
    ...(fields.has('issuer') && { issuer: fields.text('issuer') }),
    ...(fields.has('log') && { log: parseLog(fields.record('log')) }),
    ...(fields.has('time') && { time: fields.integer('time') }),
    ...(fields.has('timeSource') && { timeSource: fields.oneOf('timeSource', ['log', 'tsa']) }),
  };
}

function parseLog(fields: RecordFields): LogFact {
  fields.only('index', 'id', 'verified');
  return { index: fields.text('index'), id: fields.text('id'), verified: fields.flag('verified') };
}

/** A piece of evidence as a receipt keeps it. */
export function parseEvidence(fields: RecordFields): Evidence {
  const type = fields.oneOf('type', ['pin', 'consent', 'signature', 'manifest']);
  const digest: Digest = fields.digest('digest');
  if (type === 'consent') return fields.only('type', 'digest') && { type, digest };
  if (type === 'pin') {
    fields.only('type', 'digest', 'by');
    return fields.has('by') ? { type, digest, by: fields.oneOf('by', ['lock']) } : { type, digest };
  }
  if (type === 'manifest')
    return fields.only('type', 'digest', 'size') && { type, digest, size: fields.integer('size') };
  fields.only('type', 'format', 'subject', 'digest', 'size');
  return {
    type,
    format: fields.oneOf('format', FORMATS),
    subject: fields.digest('subject'),
    digest,
    size: fields.integer('size'),
  };
}
