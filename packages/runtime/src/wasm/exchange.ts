import { EXCHANGE_MODULE } from './exchange-module.ts';
import { Fault } from './fault.ts';
import { MOST_PAGES, PAGE_BYTES } from './wasm-clamp.ts';
import { type WasmGlobal, type WasmMemory, type WasmModule, webAssembly } from './web-assembly.ts';

const ALIGNMENT = 16;

/**
 * The memory through which host and plugin exchange bytes, one per instance (Extism calls it the kernel's). Addresses
 * are offsets, 0 is none. Blocks live until they are freed or the next call begins; every new block is zeroed.
 */
export interface Exchange {
  /** Functions of the ABI that are WebAssembly themselves. */
  readonly functions: Readonly<Record<string, unknown>>;
  /** Frees every block and makes `input` the input of the coming call. */
  begin(input: Uint8Array): void;
  readonly input: { readonly address: number; readonly length: number };
  /** Throws a `RUNTIME_MEMORY` fault beyond the allowance. */
  allocate(length: number): number;
  free(address: number): void;
  /** Length of the block that begins at `address`; undefined when none does. */
  lengthOf(address: number): number | undefined;
  /** A view that is valid until the next allocation. Throws a `RUNTIME_TRAP` fault when it is not inside the memory. */
  view(address: number, length: number): Uint8Array;
  /** Allocates a copy of `bytes`. */
  store(bytes: Uint8Array): number;
}

/** What the exchange memory may become. */
export interface ExchangeAllowance {
  readonly pages: number;
  readonly blocks: number;
}

let compiled: WasmModule | undefined;

/** Opens the exchange memory of one instance. It grows on demand, up to the allowance, which the engine enforces. */
export function openExchange({ pages, blocks }: ExchangeAllowance): Exchange {
  // One page more, for what comes before the first block.
  const maximum = Math.min(pages + 1, MOST_PAGES);
  const memory = new webAssembly.Memory({ initial: 1, maximum });
  compiled ??= new webAssembly.Module(EXCHANGE_MODULE);
  const { exports } = new webAssembly.Instance(compiled, { host: { memory } });
  const inputOffset = exports['input_offset'] as WasmGlobal;
  const inputLength = exports['input_length'] as WasmGlobal;

  const lengths = new Map<number, number>();
  /** Addresses of freed blocks by their rounded size. */
  const freed = new Map<number, number[]>();
  let top = ALIGNMENT;
  let input = { address: 0, length: 0 };

  const claim = (length: number): number => {
    if (lengths.size >= blocks) throw new Fault('RUNTIME_MEMORY', `allocates more than ${blocks} blocks at a time`);
    const size = sizeOf(length);
    let address = freed.get(size)?.pop();
    if (address === undefined) {
      address = top;
      grow(memory, address + size, maximum);
      top += size;
    }
    lengths.set(address, length);
    return address;
  };
  const allocate = (length: number): number => {
    const address = claim(length);
    new Uint8Array(memory.buffer, address, sizeOf(length)).fill(0);
    return address;
  };
  const view = (address: number, length: number): Uint8Array => {
    if (address + length > memory.buffer.byteLength)
      throw new Fault('RUNTIME_TRAP', 'used an address outside of memory');
    return new Uint8Array(memory.buffer, address, length);
  };
  const store = (bytes: Uint8Array): number => {
    const address = claim(bytes.length);
    view(address, bytes.length).set(bytes);
    return address;
  };

  return {
    functions: Object.fromEntries(Object.entries(exports).filter(([, value]) => typeof value === 'function')),
    get input() {
      return input;
    },
    begin(bytes) {
      lengths.clear();
      freed.clear();
      top = ALIGNMENT;
      input = { address: store(bytes), length: bytes.length };
      inputOffset.value = BigInt(input.address);
      inputLength.value = BigInt(input.length);
    },
    allocate,
    free(address) {
      const length = lengths.get(address);
      if (length === undefined) return;
      lengths.delete(address);
      const size = sizeOf(length);
      const others = freed.get(size);
      if (others === undefined) freed.set(size, [address]);
      else others.push(address);
    },
    lengthOf: (address) => lengths.get(address),
    view,
    store,
  };
}

/** What a block takes up: at least one unit, so that every block has an address of its own. */
function sizeOf(length: number): number {
  return Math.max(Math.ceil(length / ALIGNMENT), 1) * ALIGNMENT;
}

function grow(memory: WasmMemory, end: number, maximum: number): void {
  const missing = Math.ceil((end - memory.buffer.byteLength) / PAGE_BYTES);
  if (missing <= 0) return;
  const current = memory.buffer.byteLength / PAGE_BYTES;
  if (missing > maximum - current) {
    throw new Fault('RUNTIME_MEMORY', `exchanges more than ${maximum * PAGE_BYTES} bytes with its host`);
  }
  // Doubling keeps the number of growths small.
  memory.grow(Math.max(missing, Math.min(current, maximum - current)));
}
