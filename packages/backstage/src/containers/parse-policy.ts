import { isGantryError, type JsonValue, type Op, parseJson } from '@gantry/oci';
import { backstageLimits } from '../backstage-limits.ts';
import { containersFault } from './containers-fault.ts';
import { dockerReference, type IdentityMatch, isNameOnly } from './identity-match.ts';
import type { ContainersPolicy, FulcioIdentity, KeySource, PolicyRequirement } from './policy.ts';
import { PolicyFields } from './policy-fields.ts';

/**
 * Reads a policy.json as strictly as containers/image does: a field that is unknown, twice there or of another type refuses
 * the whole file, for every transport. Throws `CONFIG_CONTAINERS`.
 */
export function parsePolicy(text: string, file: string, op?: Op): ContainersPolicy {
  const root = new PolicyFields(parseStrictly(text, file, op), file);
  root.only('default', 'transports');
  const fallback = requirements(root, 'default');
  const scopes = new Map<string, readonly PolicyRequirement[]>();
  if (root.has('transports')) {
    const transports = root.object('transports');
    for (const transport of transports.keys) {
      const byScope = transports.object(transport);
      for (const scope of byScope.keys) {
        const list = requirements(byScope, scope);
        if (transport === 'docker') scopes.set(scope, list);
      }
    }
  }
  return { file, fallback, scopes };
}

function parseStrictly(text: string, file: string, op?: Op): JsonValue {
  try {
    return parseJson(text, { limits: { ...op?.limits, manifestBytes: backstageLimits(op, 'containersFileBytes') } });
  } catch (cause) {
    if (!isGantryError(cause)) throw cause;
    const { offset } = cause.details;
    const line = typeof offset === 'number' ? text.slice(0, offset).split('\n').length : undefined;
    throw containersFault(file, cause.message, { line, cause });
  }
}

function requirements(holder: PolicyFields, key: string): readonly PolicyRequirement[] {
  return holder.objects(key).map(requirement);
}

function requirement(fields: PolicyFields): PolicyRequirement {
  const type = fields.text('type');
  switch (type) {
    case 'insecureAcceptAnything':
    case 'reject':
      fields.only('type');
      return { type };
    case 'signedBy':
      return signedBy(fields);
    case 'sigstoreSigned':
      return sigstoreSigned(fields);
    case 'signedBaseLayer':
      fields.only('type', 'baseLayerIdentity');
      return { type: 'unsupported', why: 'signedBaseLayer is not enforced by containers/image either' };
    default:
      throw fields.fault(`is of the unknown type ${JSON.stringify(type)}`);
  }
}

function signedBy(fields: PolicyFields): PolicyRequirement {
  fields.only('type', 'keyType', 'keyPath', 'keyPaths', 'keyData', 'signedIdentity');
  const keyType = fields.text('keyType');
  const keys = oneOf(fields, [path('keyPath'), paths('keyPaths'), data('keyData')], true);
  const identity = signedIdentity(fields);
  if (keyType !== 'GPGKeys') return { type: 'unsupported', why: `signedBy with keyType ${keyType}` };
  return { type: 'signedBy', keys, identity };
}

function sigstoreSigned(fields: PolicyFields): PolicyRequirement {
  const signers = [path('keyPath'), paths('keyPaths'), data('keyData'), datas('keyDatas')];
  const logs = [
    path('rekorPublicKeyPath'),
    paths('rekorPublicKeyPaths'),
    data('rekorPublicKeyData'),
    datas('rekorPublicKeyDatas'),
  ];
  const known = [...signers, ...logs].map(({ key }) => key);
  fields.only('type', 'fulcio', 'pki', 'signedIdentity', ...known);
  const ways = [...signers.map(({ key }) => key), 'fulcio', 'pki'].filter((key) => fields.has(key));
  if (ways.length !== 1)
    throw fields.fault(`has ${ways.join(' and ') || 'no key'}, expected one of keyPath, keyData, fulcio`);
  const rekor = oneOf(fields, logs, false);
  const identity = signedIdentity(fields);
  if (fields.has('pki')) return { type: 'unsupported', why: 'sigstoreSigned with pki' };
  const fulcio = fields.has('fulcio') ? fulcioIdentity(fields.object('fulcio')) : undefined;
  if (fulcio !== undefined && rekor.length === 0) {
    throw fields.fault('has fulcio and no rekorPublicKeyPath: a certificate that lives for minutes needs a log');
  }
  return { type: 'sigstoreSigned', keys: oneOf(fields, signers, false), fulcio, rekor, identity };
}

function fulcioIdentity(fields: PolicyFields): FulcioIdentity {
  fields.only('caPath', 'caData', 'oidcIssuer', 'subjectEmail');
  const [authorities] = oneOf(fields, [path('caPath'), data('caData')], true);
  if (authorities === undefined) throw fields.fault('has no caPath');
  return { authorities, issuer: fields.text('oidcIssuer'), email: fields.text('subjectEmail') };
}

/** A field that names keys, and how it is read. */
interface KeyField {
  readonly key: string;
  readonly read: (fields: PolicyFields) => readonly KeySource[];
}

function path(key: string): KeyField {
  return { key, read: (fields) => [{ path: fields.text(key) }] };
}

function paths(key: string): KeyField {
  return { key, read: (fields) => fields.texts(key).map((one) => ({ path: one })) };
}

function data(key: string): KeyField {
  return { key, read: (fields) => [decoded(fields.text(key), fields, key)] };
}

function datas(key: string): KeyField {
  return { key, read: (fields) => fields.texts(key).map((one, index) => decoded(one, fields, key, index)) };
}

function decoded(text: string, fields: PolicyFields, key: string, index?: number): KeySource {
  const bytes = Buffer.from(text, 'base64');
  // Buffer passes over what is no base64; a round trip does not.
  if (bytes.length === 0 || bytes.toString('base64') !== text) throw fields.fault('is not base64', key, index);
  return { data: bytes, name: `${fields.file}: ${fields.at(key, index)}` };
}

/** What the one field says that is there. Several are an error, and none where one has to be. */
function oneOf(fields: PolicyFields, choices: readonly KeyField[], required: boolean): readonly KeySource[] {
  const found = choices.filter(({ key }) => fields.has(key));
  if (found.length > 1 || (required && found.length === 0)) {
    const names = choices.map(({ key }) => key).join(', ');
    throw fields.fault(`has ${found.map(({ key }) => key).join(' and ') || 'none'} of ${names}, expected one`);
  }
  return found[0]?.read(fields) ?? [];
}

function signedIdentity(holder: PolicyFields): IdentityMatch {
  if (!holder.has('signedIdentity')) return { type: 'matchRepoDigestOrExact' };
  const fields = holder.object('signedIdentity');
  const type = fields.text('type');
  switch (type) {
    case 'matchExact':
    case 'matchRepoDigestOrExact':
    case 'matchRepository':
      fields.only('type');
      return { type };
    case 'exactReference': {
      fields.only('type', 'dockerReference');
      const reference = dockerReference(fields.text('dockerReference'));
      if (reference !== undefined && !isNameOnly(reference)) return { type, reference };
      throw fields.fault('is not a docker reference with a tag or digest', 'dockerReference');
    }
    case 'exactRepository': {
      fields.only('type', 'dockerRepository');
      const reference = dockerReference(fields.text('dockerRepository'));
      if (reference !== undefined && isNameOnly(reference)) return { type, reference };
      throw fields.fault('is not the name of a repository', 'dockerRepository');
    }
    case 'remapIdentity':
      fields.only('type', 'prefix', 'signedPrefix');
      return { type, prefix: prefix(fields, 'prefix'), signedPrefix: prefix(fields, 'signedPrefix') };
    default:
      throw fields.fault(`is of the unknown type ${JSON.stringify(type)}`);
  }
}

/** A host, or a namespace or repository in its full form. */
function prefix(fields: PolicyFields, key: string): string {
  const text = fields.text(key);
  // Completed to a repository it has to stay what it is.
  const name = text.includes('/') ? text : `${text}/x`;
  const reference = dockerReference(name);
  const whole = reference === undefined ? undefined : `${reference.registry}/${reference.repository}`;
  if (reference !== undefined && isNameOnly(reference) && whole === name) return text;
  throw fields.fault('is not host[:port] or host[:port]/path in its full form', key);
}
