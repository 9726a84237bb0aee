/**
 * `npm run bench [-- ROW…]`: prints ratios against a peer or a bound measured in the same run, and misses honestly.
 * Needs skopeo and docker-registry (`npm run test:e2e` installs them), Python 3 for `backstage`, and Go for the Wasm rows. Nothing is asserted.
 */
import { mkdirSync } from 'node:fs';
import { bigLayer, slowNetwork, smallFiles } from './archives.ts';
import { backstage } from './backstage.ts';
import { wasmCalls } from './calls.ts';
import { cache } from './fixtures.ts';
import { judging } from './judging.ts';
import { manyRequests } from './requests.ts';
import { version, warmRuns } from './start.ts';
import { printTable, type Row } from './table.ts';
import { verifying } from './verify.ts';

const benchmarks: Readonly<Record<string, () => Promise<Row[]>>> = {
  version,
  'warm-runs': warmRuns,
  'wasm-calls': wasmCalls,
  requests: manyRequests,
  'small-files': smallFiles,
  'slow-network': slowNetwork,
  'big-layer': bigLayer,
  backstage,
  judging,
  verify: verifying,
};

mkdirSync(cache, { recursive: true });
const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !(name in benchmarks));
if (unknown.length > 0)
  throw new Error(`no such row: ${unknown.join(', ')}; there are ${Object.keys(benchmarks).join(', ')}`);

const rows: Row[] = [];
for (const [name, benchmark] of Object.entries(benchmarks)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  process.stderr.write(`measuring ${name} …\n`);
  rows.push(...(await benchmark()));
}
printTable(rows);
