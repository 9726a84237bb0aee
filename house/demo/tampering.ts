import type { RequestHook } from '@gantry/registry';

/** A registry's hook that can be told to change the first byte of every blob it sends. */
export interface Tampering {
  readonly hook: RequestHook;
  start(): void;
  /** The blob that was changed last. */
  digest(): string;
}

/** Makes the hook; it changes nothing until it is started. */
export function tamperingHook(): Tampering {
  let active = false;
  let changed = '';
  return {
    start: () => {
      active = true;
    },
    digest: () => changed,
    hook: async (request, response, next) => {
      const blob = /\/blobs\/(sha256:[0-9a-f]{64})$/.exec(request.url ?? '')?.[1];
      if (active && blob !== undefined) {
        changed = blob;
        const write = response.write.bind(response) as (chunk: Uint8Array, ...rest: unknown[]) => boolean;
        const end = response.end.bind(response) as (...args: unknown[]) => typeof response;
        response.write = ((chunk: Uint8Array, ...rest: unknown[]) =>
          write(flipped(chunk), ...rest)) as typeof response.write;
        response.end = ((...args: unknown[]) =>
          end(...args.map((arg) => (arg instanceof Uint8Array ? flipped(arg) : arg)))) as typeof response.end;
      }
      await next();
    },
  };
}

function flipped(bytes: Uint8Array): Uint8Array {
  const copy = Buffer.from(bytes);
  if (copy.length > 0) copy[0] = (copy[0] ?? 0) ^ 1;
  return copy;
}
