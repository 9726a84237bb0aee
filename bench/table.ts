/** One line of the result: what was measured, against what, and what the target is. */
export interface Row {
  readonly name: string;
  readonly measured: string;
  readonly against: string;
  /** measured / against, or undefined for an absolute row. */
  readonly ratio?: number;
  readonly target: string;
  readonly met: boolean;
  /** Requests, peak memory, bytes written, and what else belongs to it. */
  readonly notes: string;
}

/** Prints rows as a Markdown table. */
export function printTable(rows: readonly Row[]): void {
  console.log('\n| what | measured | against | ratio | target | | notes |\n|---|---|---|---|---|---|---|');
  for (const row of rows) {
    const ratio = row.ratio === undefined ? '' : row.ratio.toFixed(2);
    console.log(
      `| ${row.name} | ${row.measured} | ${row.against} | ${ratio} | ${row.target} | ${row.met ? 'met' : 'MISSED'} | ${row.notes} |`,
    );
  }
}

/** 1234567 -> "1.2 MB" (powers of ten) or MiB for memory. */
export function mib(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(0)} MiB`;
}

/** Seconds with three figures. */
export function ms(seconds: number): string {
  return seconds >= 10 ? `${seconds.toFixed(1)} s` : `${(seconds * 1000).toFixed(seconds >= 0.1 ? 0 : 1)} ms`;
}
