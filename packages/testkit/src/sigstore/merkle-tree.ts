import { sha256 } from './hash.ts';

/** A Merkle tree that only grows (RFC 6962, 2.1). */
export class MerkleTree {
  readonly #leaves: Buffer[] = [];

  get size(): number {
    return this.#leaves.length;
  }

  /** Adds an entry; the answer is its index. */
  add(entry: Uint8Array): number {
    return this.#leaves.push(sha256(Buffer.from([0]), entry)) - 1;
  }

  /** The root over everything. */
  root(): Buffer {
    return rootOf(this.#leaves);
  }

  /** The hashes that lead from an entry to the root. */
  path(index: number): Buffer[] {
    return pathOf(index, this.#leaves);
  }
}

function rootOf(leaves: readonly Buffer[]): Buffer {
  if (leaves.length === 0) return sha256();
  const [only] = leaves;
  if (leaves.length === 1 && only !== undefined) return only;
  const half = split(leaves.length);
  return sha256(Buffer.from([1]), rootOf(leaves.slice(0, half)), rootOf(leaves.slice(half)));
}

function pathOf(index: number, leaves: readonly Buffer[]): Buffer[] {
  if (leaves.length <= 1) return [];
  const half = split(leaves.length);
  const [left, right] = [leaves.slice(0, half), leaves.slice(half)];
  return index < half ? [...pathOf(index, left), rootOf(right)] : [...pathOf(index - half, right), rootOf(left)];
}

/** The largest power of two that is smaller than `count`. */
function split(count: number): number {
  return 2 ** Math.floor(Math.log2(count - 1));
}
