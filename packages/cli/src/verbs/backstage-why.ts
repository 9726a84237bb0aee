import { type Explanation, explainPlugin, plainValue } from '@gantry/backstage';
import { environmentOf } from '../app/environment.ts';
import type { Context } from '../context.ts';
import { tableLines } from '../output/table.ts';

/** A place in a file, as documents and lines have it. */
interface Place {
  readonly file: string;
  readonly line: number;
}

/**
 * `gantry backstage why <root> <key>`: which file and line gave each value of a plugin, or which plugins set a key of the
 * configuration. JSON: {plugins: [{key, package, enabled, fields: [{name, value, file, line}], config: [same], entries:
 * [{package, file, line, overridden}]}], dropped: [{package, file, line, because: {file, line}}], installed: [{name, package,
 * digest, signer, installedAt}]}.
 */
export async function backstageWhy(context: Context, [root, key]: readonly [string, string]): Promise<void> {
  const { io, op, output } = context;
  const found = await explainPlugin({ root, directory: io.cwd, environment: environmentOf(io) }, key, op);
  await output.result(documentOf(found), linesOf(found));
}

function documentOf({ plugins, dropped, installed }: Explanation): object {
  const shownValue = ({ name, value, origin }: Explanation['plugins'][number]['fields'][number]): object => ({
    name,
    value: plainValue(value),
    ...placeOf(origin),
  });
  return {
    plugins: plugins.map((plugin) => ({
      key: plugin.key,
      package: plugin.package,
      enabled: plugin.enabled,
      fields: plugin.fields.map(shownValue),
      config: plugin.config.map(shownValue),
      entries: plugin.entries.map((entry) => ({
        package: entry.package,
        ...placeOf(entry.place),
        overridden: entry.overridden,
      })),
    })),
    dropped: dropped.map((entry) => ({
      package: entry.package,
      ...placeOf(entry.place),
      because: placeOf(entry.because),
    })),
    installed: installed.map(({ name, imageHash, state }) => ({
      name,
      package: state?.package ?? null,
      digest: state?.digest ?? (imageHash === undefined ? null : `sha256:${imageHash}`),
      signer: state?.signer ?? null,
      installedAt: state?.installedAt ?? null,
    })),
  };
}

function linesOf({ plugins, dropped, installed }: Explanation): readonly string[] {
  return [
    ...plugins.flatMap((plugin) => [
      `${plugin.package} (${plugin.enabled ? 'enabled' : 'disabled'})`,
      ...tableLines(
        [...plugin.fields, ...plugin.config.map((value) => ({ ...value, name: `pluginConfig.${value.name}` }))].map(
          ({ name, value, origin }) => [`  ${name}`, JSON.stringify(plainValue(value)), placeText(origin)],
        ),
      ),
      ...plugin.entries.map(
        ({ package: text, place, overridden }) =>
          `  from ${placeText(place)}: ${text}${overridden.length === 0 ? '' : `, overridden: ${overridden.join(', ')}`}`,
      ),
    ]),
    ...dropped.map(
      ({ package: text, place, because }) => `${text} (${placeText(place)}) is switched off at ${placeText(because)}`,
    ),
    ...installed.map(
      ({ name, state }) =>
        `installed as ${name}${state === undefined ? ' by another installer' : ` at ${state.installedAt}`}`,
    ),
  ];
}

function placeOf({ file, line }: Place): Place {
  return { file, line };
}

function placeText({ file, line }: Place): string {
  return `${file}:${line}`;
}
