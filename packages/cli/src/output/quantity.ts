const HOUR = 3_600_000;

const STEPS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

/** Bytes for people: `512 B`, `1.5 KiB`. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let step = 0;
  while (value >= 1024 && step < STEPS.length - 1) {
    value /= 1024;
    step += 1;
  }
  return `${step === 0 ? value : value.toFixed(1)} ${STEPS[step]}`;
}

/** Milliseconds for people: `0.4 ms`, `12 ms`, `3.4 s`, `60 min`, `12 h`, `3 days`. */
export function formatDuration(ms: number): string {
  if (ms < 10) return `${ms.toFixed(1)} ms`;
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 600_000) return `${(ms / 1000).toFixed(1)} s`;
  if (ms < 2 * HOUR) return `${Math.round(ms / 60_000)} min`;
  return ms < 48 * HOUR ? `${Math.round(ms / HOUR)} h` : `${Math.round(ms / (24 * HOUR))} days`;
}

/** The part of a digest that people compare: algorithm and the first 12 hex digits. */
export function shortDigest(digest: string): string {
  const colon = digest.indexOf(':');
  return digest.slice(0, colon + 13);
}

/** A text with every digest in it shortened as {@link shortDigest} does. */
export function shortDigests(text: string): string {
  return text.replace(/\bsha(?:256|512):[0-9a-f]{64,128}/g, shortDigest);
}
