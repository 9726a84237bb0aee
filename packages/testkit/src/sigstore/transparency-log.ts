import type { KeyObject } from 'node:crypto';
import type { LogEntryJson } from './bundle-json.ts';
import { canonicalJson } from './canonical-json.ts';
import { type CheckpointSigner, checkpoint } from './checkpoint.ts';
import { sha256 } from './hash.ts';
import { labKeyPair, signature, spki } from './keys.ts';
import { MerkleTree } from './merkle-tree.ts';

/** What an entry is logged as, in Rekor's own words; anything may be logged. */
export interface LogBody {
  readonly kind: string;
  readonly apiVersion: string;
  readonly spec: unknown;
}

/** How an entry is made. */
export interface LogOptions {
  /** Milliseconds since 1970 that version 1 says it was integrated at. Default: now. */
  readonly time?: number;
  /** Whether version 1 signs a promise (SET). Default true. */
  readonly promise?: boolean;
  /** Who signs the promise, instead of the log. */
  readonly promisedBy?: KeyObject;
  /** Whether the proof of inclusion, with the checkpoint, is there. Default true. */
  readonly proof?: boolean;
  /** Who signs the checkpoint, and in which words, where that is not the log in its own. */
  readonly checkpoint?: Partial<CheckpointSigner>;
}

/** A transparency log with a real Merkle tree. */
export interface TransparencyLog {
  readonly version: 'v1' | 'v2';
  readonly baseUrl: string;
  /** What the trust root calls it. */
  readonly id: Buffer;
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
  /** Logs a body and answers with the entry as a bundle holds it. */
  add(body: LogBody, options?: LogOptions): LogEntryJson;
}

/** Options of the two logs. */
export interface TransparencyLogOptions {
  readonly now: () => number;
  /** Host of the log: its base URL, and the name in its checkpoints. */
  readonly host: string;
}

/** Entries that version 1 kept in earlier trees: its global index runs ahead of the index in the tree. */
const EARLIER_ENTRIES = 1000;

/** Rekor version 1: ECDSA P-256, promises and proofs. */
export function logV1({ now, host }: TransparencyLogOptions): TransparencyLog {
  const pair = labKeyPair();
  const id = sha256(spki(pair.publicKey));
  const tree = new MerkleTree();
  const signer = { origin: `${host} - 4242`, name: host, hint: id.subarray(0, 4), privateKey: pair.privateKey };
  return {
    version: 'v1',
    baseUrl: `https://${host}`,
    id,
    ...pair,
    add(body, options = {}) {
      const bytes = Buffer.from(canonicalJson(body));
      const index = tree.add(bytes);
      const logIndex = EARLIER_ENTRIES + index;
      const integratedTime = Math.floor((options.time ?? now()) / 1000);
      const promised = { body: bytes.toString('base64'), integratedTime, logID: id.toString('hex'), logIndex };
      const promise = signature(Buffer.from(canonicalJson(promised)), options.promisedBy ?? pair.privateKey).toString(
        'base64',
      );
      return {
        logIndex: String(logIndex),
        logId: { keyId: id.toString('base64') },
        kindVersion: { kind: body.kind, version: body.apiVersion },
        integratedTime: String(integratedTime),
        ...(options.promise === false ? {} : { inclusionPromise: { signedEntryTimestamp: promise } }),
        ...proofOf(tree, index, signer, options),
        canonicalizedBody: bytes.toString('base64'),
      };
    },
  };
}

/** Rekor version 2: Ed25519, proofs only; it says no time. */
export function logV2({ host }: TransparencyLogOptions): TransparencyLog {
  const pair = labKeyPair('Ed25519');
  // The key id of a signed note: its name, the algorithm, the bare key (C2SP signed-note).
  const id = sha256(`${host}\n`, Buffer.from([1]), spki(pair.publicKey).subarray(-32));
  const tree = new MerkleTree();
  const signer = { origin: host, name: host, hint: id.subarray(0, 4), privateKey: pair.privateKey };
  return {
    version: 'v2',
    baseUrl: `https://${host}`,
    id,
    ...pair,
    add(body, options = {}) {
      const bytes = Buffer.from(canonicalJson(body));
      const index = tree.add(bytes);
      return {
        ...(index === 0 ? {} : { logIndex: String(index) }),
        logId: { keyId: id.toString('base64') },
        kindVersion: { kind: body.kind, version: body.apiVersion },
        ...proofOf(tree, index, signer, options),
        canonicalizedBody: bytes.toString('base64'),
      };
    },
  };
}

function proofOf(
  tree: MerkleTree,
  index: number,
  signer: CheckpointSigner,
  options: LogOptions,
): Pick<LogEntryJson, 'inclusionProof'> {
  if (options.proof === false) return {};
  const envelope = checkpoint({ ...signer, ...options.checkpoint }, tree.size, tree.root());
  const hashes = tree.path(index).map((hash) => hash.toString('base64'));
  return {
    inclusionProof: {
      ...(index === 0 ? {} : { logIndex: String(index) }),
      rootHash: tree.root().toString('base64'),
      treeSize: String(tree.size),
      ...(hashes.length === 0 ? {} : { hashes }),
      checkpoint: { envelope },
    },
  };
}
