/**
 * The part of the JavaScript API of WebAssembly that is used here. TypeScript declares it only together with the whole
 * DOM, which a library for Node must not see.
 */
interface WebAssemblyApi {
  readonly Module: new (bytes: Uint8Array<ArrayBuffer>) => WasmModule;
  readonly Instance: new (module: WasmModule, imports: WasmImports) => WasmInstance;
  readonly Memory: new (limits: { readonly initial: number; readonly maximum: number }) => WasmMemory;
  readonly RuntimeError: new (message?: string) => Error;
  readonly CompileError: new (message?: string) => Error;
  readonly LinkError: new (message?: string) => Error;
}

/** A compiled module; it can be sent to other threads. */
export interface WasmModule {
  readonly [Symbol.toStringTag]: 'WebAssembly.Module';
}

/** An instance of a module. */
export interface WasmInstance {
  readonly exports: Readonly<Record<string, unknown>>;
}

/** A linear memory. Growing it detaches the buffer. */
export interface WasmMemory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}

/** A global variable of type i64. */
export interface WasmGlobal {
  value: bigint;
}

/** Functions by module and name. */
export type WasmImports = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** `globalThis.WebAssembly`, typed. */
export const webAssembly: WebAssemblyApi = Reflect.get(globalThis, 'WebAssembly');
