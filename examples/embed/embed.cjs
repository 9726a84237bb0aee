// The same from CommonJS: node embed.cjs REFERENCE [INPUT]
const { openGantry } = require('@gantry/core');
const { isGantryError } = require('@gantry/oci');
const { loadPlugin } = require('@gantry/runtime');

async function main([reference = 'oci-layout:plugins:1.0', input = '']) {
  const gantry = openGantry({ home: '.gantry' });
  try {
    const plugin = await loadPlugin(await gantry.acquire(reference), { timeout: 5_000 });
    try {
      const { output, failure } = await plugin.run({ input: Buffer.from(input) });
      if (failure !== undefined) throw failure;
      process.stdout.write(output);
    } finally {
      await plugin[Symbol.asyncDispose]();
    }
  } finally {
    await gantry[Symbol.asyncDispose]();
  }
}

main(process.argv.slice(2)).catch((error) => {
  // Every error of Gantry has a code, and says what to do about it.
  process.stderr.write(
    isGantryError(error) ? `${error.code}: ${error.message}\nhint: ${error.hint}\n` : `${error.stack}\n`,
  );
  process.exitCode = 1;
});
