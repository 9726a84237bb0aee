import { isGantryError, parsePlatform, parseReference } from '@gantry/oci';
import * as z from 'zod';
import { PLUGIN_KINDS } from '../plugin/plugin.ts';
import { isPluginName } from '../plugin/plugin-name.ts';
import { quantity } from './quantity-schema.ts';
import type { KnownLimits, RawConfig, RawQuantity } from './raw-config.ts';
import { trustEntry } from './trust-schema.ts';

/**
 * The schema of gantry.yaml, for the limits that these tables declare. Unknown keys are errors everywhere. This module is
 * imported only when there is such a file: zod takes time to load.
 */
export function configSchema(tables: readonly KnownLimits[]): z.ZodType<RawConfig> {
  return z.strictObject({
    schemaVersion: z.literal(1).describe('Version of this format.'),
    registries: z
      .record(z.string().refine(isRegistryHost, 'expected host or host:port in lower case'), registry)
      .optional()
      .describe('Settings of registries, by host[:port].'),
    trust: z.array(trustEntry()).optional().describe('What plugins must show; the longest matching scope answers.'),
    plugins: z.array(plugin).optional().describe('Plugins that gantry install installs.'),
    backstage: backstage.optional().describe('How gantry backstage and install-dynamic-plugins work.'),
    limits: z.strictObject(limitFields(tables)).optional().describe('Limits; gantry limits lists them.'),
  });
}

const text = z.string().min(1, 'expected a text that is not empty');
const texts = z.array(text);

const registry = z.strictObject({
  tokenHosts: texts
    .optional()
    .describe('Hosts, host[:port], whose token service may get this registry\u2019s credential.'),
  caFile: text.optional().describe('PEM file of certificate authorities to trust.'),
  clientCertFile: text.optional().describe('PEM file of a client certificate.'),
  clientKeyFile: text.optional().describe('PEM file of its key.'),
  plainHttp: z.boolean().optional().describe('Speak http instead of https.'),
  upload: z.enum(['monolithic', 'single-post', 'chunked']).optional().describe('How blobs are uploaded.'),
  mirrors: texts.optional().describe('host[:port][/prefix] to ask first, in this order.'),
});

const grants = z.strictObject({
  hosts: texts.optional().describe('Hosts, or *.example.com, that it may send HTTP requests to.'),
  env: texts.optional().describe('Names of environment variables that are passed on.'),
  paths: texts.optional().describe('Paths it may read, or write with rw: in front.'),
  memory: quantity('bytes').optional().describe('Bytes of memory, such as 64MiB.'),
  timeout: quantity('milliseconds').optional().describe('Time for one call, such as 5s.'),
});

const plugin = z.strictObject({
  name: text.refine((name) => isPluginName(name), 'expected letters, digits, dot, dash and underscore'),
  source: text.describe('Reference, path beginning with ./ or /, or https:// URL of a tarball.'),
  platform: text.refine(isPlatform, 'expected os/architecture[/variant]').optional(),
  kind: z.enum(PLUGIN_KINDS as [string, ...string[]]).optional(),
  integrity: text.optional().describe('sha512-, sha384- or sha256- of a file or tarball.'),
  grants: grants.optional().describe('What the plugin gets when it runs.'),
  config: z.record(z.string(), z.json()).optional().describe('The plugin\u2019s own settings.'),
});

const backstage = z.strictObject({
  strictFallback: z
    .boolean()
    .optional()
    .describe('Ask the other registry for an image only when the first one says that it is not there.'),
  platform: text
    .refine(isPlatform, 'expected os/architecture[/variant]')
    .optional()
    .describe('Which manifest of an index is installed.'),
});

function limitFields(tables: readonly KnownLimits[]): Record<string, z.ZodOptional<z.ZodType<RawQuantity>>> {
  const specs = tables.flatMap((table) => Object.entries(table.specs));
  return Object.fromEntries(specs.map(([name, spec]) => [name, quantity(spec.unit).optional().describe(spec.meaning)]));
}

function isRegistryHost(host: string): boolean {
  return parses(() => {
    const reference = parseReference(`${host}/x`);
    if (reference.kind !== 'registry' || reference.registry !== host) throw new TypeError(host);
  });
}

function isPlatform(platform: string): boolean {
  return parses(() => parsePlatform(platform));
}

function parses(parse: () => unknown): boolean {
  try {
    parse();
    return true;
  } catch (error) {
    if (isGantryError(error) || error instanceof TypeError) return false;
    throw error;
  }
}
