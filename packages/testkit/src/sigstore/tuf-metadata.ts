import { createHash } from 'node:crypto';
import { canonicalJson } from './canonical-json.ts';
import { sha256 } from './hash.ts';
import { type LabKeyPair, labKeyPair, signature, spki } from './keys.ts';

/** The four roles that every TUF repository has. */
export type TufRole = 'root' | 'timestamp' | 'snapshot' | 'targets';

/** A key with the id that TUF gives it. */
export interface TufKey extends LabKeyPair {
  readonly id: string;
  /** As it stands in the root. */
  readonly json: object;
}

/** One document: what it says, signed. */
export interface TufDocument {
  readonly bytes: Buffer;
  readonly version: number;
}

/** What is common to all documents. */
export interface TufHead {
  readonly version: number;
  /** Milliseconds since 1970. */
  readonly expires: number;
}

/** A fresh Ed25519 key. */
export function tufKey(): TufKey {
  const pair = labKeyPair('Ed25519');
  const keyval = { public: spki(pair.publicKey).subarray(-32).toString('hex') };
  const json = { keytype: 'ed25519', scheme: 'ed25519', keyval };
  return { ...pair, id: sha256(canonicalJson(json)).toString('hex'), json };
}

/** A document of a role (TUF 1.0, 4), signed by each of the keys. */
export function tufDocument(role: TufRole, head: TufHead, content: object, keys: readonly TufKey[]): TufDocument {
  const signed = {
    _type: role,
    spec_version: '1.0.31',
    version: head.version,
    expires: new Date(head.expires).toISOString().replace(/\.\d+/, ''),
    ...content,
  };
  const bytes = Buffer.from(canonicalJson(signed));
  const signatures = keys.map((key) => ({ keyid: key.id, sig: signature(bytes, key.privateKey).toString('hex') }));
  return { bytes: Buffer.from(JSON.stringify({ signed, signatures })), version: head.version };
}

/** What the root says: the keys, and who may sign what. */
export function rootContent(roles: Readonly<Record<TufRole, TufKey>>): object {
  const names = Object.entries(roles);
  return {
    consistent_snapshot: true,
    keys: Object.fromEntries(names.map(([, { id, json }]) => [id, json])),
    roles: Object.fromEntries(names.map(([role, { id }]) => [role, { keyids: [id], threshold: 1 }])),
  };
}

/** What targets say: length and hashes of every file. */
export function targetsContent(files: Readonly<Record<string, Buffer>>): object {
  const targets = Object.entries(files).map(([name, bytes]) => {
    const hash = (algorithm: string): string => createHash(algorithm).update(bytes).digest('hex');
    return [name, { length: bytes.length, hashes: { sha256: hash('sha256'), sha512: hash('sha512') } }];
  });
  return { targets: Object.fromEntries(targets) };
}

/** What snapshot and timestamp say: the version of the document below them, its length and hash. */
export function metaContent(name: string, { bytes, version }: TufDocument): object {
  const hashes = { sha256: sha256(bytes).toString('hex') };
  return { meta: { [name]: { version, length: bytes.length, hashes } } };
}
