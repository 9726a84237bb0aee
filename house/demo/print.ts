import type { Cost } from './account.ts';

const out = (line: string): void => void process.stdout.write(`${line}\n`);

/** A heading for the stages that follow. */
export function heading(text: string): void {
  out(`\n${text}`);
}

/** One stage: what it did, to which digest, and what it cost. */
export function stage(name: string, digest: string, cost: Cost): void {
  const columns = [
    name.padEnd(22),
    digest.slice(0, 19).padEnd(19),
    `${cost.bytes} bytes`.padStart(12),
    `${cost.requests} ${cost.requests === 1 ? 'request' : 'requests'}`.padStart(12),
    `${cost.ms.toFixed(1)} ms`.padStart(10),
  ];
  out(`  ${columns.join('  ')}`);
}

/** Something that the stage before has shown. */
export function note(text: string): void {
  out(`    ${text}`);
}
