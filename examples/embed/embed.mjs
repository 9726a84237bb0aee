// Runs a plugin inside a program of yours: node embed.mjs REFERENCE [INPUT]
import { openGantry } from '@gantry/core';
import { loadPlugin } from '@gantry/runtime';

const [reference = 'oci-layout:plugins:1.0', input = ''] = process.argv.slice(2);

const gantry = openGantry({ home: '.gantry' });
try {
  // Installed on the first run; asks nobody on the next.
  const installed = await gantry.acquire(reference);
  console.error(`${installed.facts.name} ${installed.facts.digest}: ${installed.facts.verdict.reason}`);
  const plugin = await loadPlugin(installed, { timeout: 5_000 });
  try {
    const { output, failure } = await plugin.run({ input: new TextEncoder().encode(input) });
    if (failure !== undefined) throw failure;
    process.stdout.write(output);
  } finally {
    await plugin[Symbol.asyncDispose]();
  }
} finally {
  await gantry[Symbol.asyncDispose]();
}
