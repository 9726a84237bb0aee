import { type ExchangeAllowance, openExchange } from './exchange.ts';
import { Fault } from './fault.ts';
import type { HttpAnswer, HttpRequest, LogLevel } from './wasm-messages.ts';

/** What the functions of the ABI may do for one instance. */
export interface ExtismPowers {
  readonly config: Readonly<Record<string, string>>;
  readonly varBytes: number;
  readonly exchange: ExchangeAllowance;
  /** Ends the call with a fault when the log is full. */
  readonly log: (level: LogLevel, text: string) => void;
  /** Whether anybody reads the log. */
  readonly logged: () => boolean;
  /** Blocks until the answer is there. Absent when no host is granted. */
  readonly http: ((request: HttpRequest) => HttpAnswer) | undefined;
  /** Largest output in bytes. */
  readonly outputBytes: () => number;
}

/** The host side of the Extism ABI for one instance. */
export interface ExtismHost {
  readonly functions: Readonly<Record<string, unknown>>;
  begin(input: Uint8Array): void;
  /** What the call has left behind: a copy of its output, or the error that it set. */
  end(): { readonly output: Uint8Array<ArrayBuffer>; readonly error: string | undefined };
  /** The first fault that a host function threw; a module could have caught it and gone on. */
  readonly fault: Fault | undefined;
}

const LEVEL_TRACE = 0;
const LEVEL_SILENT = 0x7fffffff;
const MESSAGE_BYTES = 4096;

/**
 * The host functions of Extism 1.x (extism.org, "Host functions"; `extism:host/env`). They are called with whatever
 * the plugin likes: addresses and lengths are unsigned 64-bit integers and are checked against the exchange memory.
 */
export function openExtismHost(powers: ExtismPowers): ExtismHost {
  const exchange = openExchange(powers.exchange);
  const decoder = new TextDecoder();
  const encoder = new TextEncoder();
  const vars = new Map<string, Uint8Array>();
  let varBytes = 0;
  let output = { address: 0, length: 0 };
  let error = 0;
  let status = 0;
  let answerHeaders: Readonly<Record<string, string>> = {};
  let fault: Fault | undefined;

  const block = (address: bigint, what: string): Uint8Array => {
    const at = toNumber(address);
    const length = exchange.lengthOf(at);
    if (length === undefined) throw new Fault('RUNTIME_TRAP', `gave an address that is no block as ${what}`);
    return exchange.view(at, length);
  };
  const text = (address: bigint, what: string): string => decoder.decode(block(address, what));
  const log = (level: LogLevel) => (address: bigint) => powers.log(level, text(address, 'log message'));
  const lengthOf = (address: bigint): bigint => BigInt(exchange.lengthOf(toNumber(address)) ?? 0);

  const functions: Record<string, (...values: never[]) => unknown> = {
    alloc: (length: bigint) => BigInt(exchange.allocate(toNumber(length))),
    free: (address: bigint) => exchange.free(toNumber(address)),
    length: lengthOf,
    length_unsafe: lengthOf,
    input_length: () => BigInt(exchange.input.length),
    input_offset: () => BigInt(exchange.input.address),
    output_set(address: bigint, length: bigint) {
      const wanted = { address: toNumber(address), length: toNumber(length) };
      if (wanted.length > powers.outputBytes()) {
        throw new Fault('RUNTIME_OUTPUT_LIMIT', `sets an output of more than ${powers.outputBytes()} bytes`);
      }
      exchange.view(wanted.address, wanted.length);
      output = wanted;
    },
    error_set(address: bigint) {
      if (address !== 0n) block(address, 'error');
      error = toNumber(address);
    },
    error_get: () => BigInt(error),
    config_get(address: bigint) {
      const key = text(address, 'key');
      const value = Object.hasOwn(powers.config, key) ? powers.config[key] : undefined;
      return value === undefined ? 0n : BigInt(exchange.store(encoder.encode(value)));
    },
    var_get(address: bigint) {
      const value = vars.get(text(address, 'key'));
      return value === undefined ? 0n : BigInt(exchange.store(value));
    },
    var_set(address: bigint, value: bigint) {
      const key = text(address, 'key');
      const bytes = value === 0n ? undefined : block(value, 'value').slice();
      const weigh = (held: Uint8Array | undefined): number => (held === undefined ? 0 : held.length + key.length);
      varBytes += weigh(bytes) - weigh(vars.get(key));
      if (varBytes > powers.varBytes) {
        varBytes -= weigh(bytes) - weigh(vars.get(key));
        throw new Fault('RUNTIME_MEMORY', `keeps more than ${powers.varBytes} bytes of variables`);
      }
      if (bytes === undefined) vars.delete(key);
      else vars.set(key, bytes);
    },
    http_request(request: bigint, body: bigint) {
      if (powers.http === undefined)
        throw new Fault('RUNTIME_NOT_GRANTED', 'sends an HTTP request, and no host is granted');
      const bytes = body === 0n ? new Uint8Array() : block(body, 'body').slice();
      const answer = powers.http({ ...parseRequest(text(request, 'request')), body: bytes });
      status = answer.status;
      answerHeaders = answer.headers;
      return BigInt(exchange.store(answer.body));
    },
    http_status_code: () => status,
    http_headers: () => BigInt(exchange.store(encoder.encode(JSON.stringify(answerHeaders)))),
    get_log_level: () => (powers.logged() ? LEVEL_TRACE : LEVEL_SILENT),
    log_trace: log('trace'),
    log_debug: log('debug'),
    log_info: log('info'),
    log_warn: log('warn'),
    log_error: log('error'),
  };

  return {
    functions: {
      ...guarded(functions, (thrown) => {
        fault ??= thrown;
      }),
      ...exchange.functions,
    },
    begin(input) {
      exchange.begin(input);
      output = { address: 0, length: 0 };
      error = 0;
      fault = undefined;
    },
    end() {
      const message =
        error === 0 ? undefined : exchange.view(error, Math.min(exchange.lengthOf(error) ?? 0, MESSAGE_BYTES));
      return {
        output: exchange.view(output.address, output.length).slice(),
        error: message === undefined ? undefined : decoder.decode(message),
      };
    },
    get fault() {
      return fault;
    },
  };
}

/** A 64-bit value of the plugin as a number; what no memory could have becomes a value that every check refuses. */
function toNumber(value: bigint): number {
  return Number(BigInt.asUintN(64, value));
}

/** Notes the faults that functions throw, since a module may catch exceptions of its host and go on. */
function guarded(
  functions: Readonly<Record<string, (...values: never[]) => unknown>>,
  note: (fault: Fault) => void,
): Readonly<Record<string, unknown>> {
  const wrap =
    (call: (...values: never[]) => unknown) =>
    (...values: never[]): unknown => {
      try {
        return call(...values);
      } catch (error) {
        if (error instanceof Fault) note(error);
        throw error;
      }
    };
  return Object.fromEntries(Object.entries(functions).map(([name, call]) => [name, wrap(call)]));
}

function parseRequest(json: string): Omit<HttpRequest, 'body'> {
  try {
    const { url, method = 'GET', headers = {}, header = headers } = JSON.parse(json);
    if (typeof url !== 'string' || typeof method !== 'string' || typeof header !== 'object') throw new TypeError();
    const entries = Object.entries(header ?? {}).map(([name, value]) => [name, String(value)] as const);
    return { url, method: method.toUpperCase(), headers: Object.fromEntries(entries) };
  } catch {
    throw new Fault('RUNTIME_TRAP', 'made an HTTP request that is not the JSON of the ABI');
  }
}
