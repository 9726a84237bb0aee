/**
 * What merging comes to, written down slowly: rule after rule as the Python original goes through them, over plain entries.
 * `merge-entries.test.ts` holds the implementation against it.
 */
export interface ModelEntry {
  readonly package: string;
  readonly disabled: boolean | undefined;
  readonly config: number | undefined;
}

/** An enabled plugin, or why there are none. */
export type ModelResult = readonly string[] | 'refused';

interface ModelPlugin {
  package: string;
  disabled: boolean;
  config: number | undefined;
  level: number;
}

interface Parts {
  readonly registry: string;
  readonly version: string;
  readonly path: string | undefined;
}

class Refused extends Error {}

function parts(text: string): Parts | undefined {
  if (!text.startsWith('oci://')) return undefined;
  const [image = '', path] = text.split('!');
  const colon = image.lastIndexOf(':');
  return { registry: image.slice(0, colon), version: image.slice(colon + 1), path };
}

/** The plugins that are enabled after merging; every image holds the one directory `p`. */
export function mergeByModel(include: readonly ModelEntry[], main: readonly ModelEntry[]): ModelResult {
  try {
    const plugins = new Map<string, ModelPlugin>();
    const keep = withoutDisabledImages(include, main);
    for (const list of [include, main]) {
      const whole = list.filter(keep).map((entry) => parts(entry.package));
      const names = whole.flatMap((image) =>
        image === undefined || image.path !== undefined || image.version === '{{inherit}}' ? [] : [image.registry],
      );
      if (new Set(names).size < names.length) throw new Refused();
    }
    for (const entry of include.filter(keep)) mergeEntry(entry, 0, pathOf(entry, main), plugins);
    for (const entry of main.filter(keep)) mergeEntry(entry, 1, pathOf(entry, []), plugins);
    return [...plugins]
      .filter(([, { disabled }]) => !disabled)
      .map(([key, plugin]) => `${key} = ${plugin.package} config ${plugin.config} level ${plugin.level}`);
  } catch (error) {
    if (error instanceof Refused) return 'refused';
    throw error;
  }
}

function withoutDisabledImages(
  include: readonly ModelEntry[],
  main: readonly ModelEntry[],
): (entry: ModelEntry) => boolean {
  const state = new Map<string, { disabled: boolean | undefined; level: number }>();
  for (const [level, list] of [include, main].entries()) {
    for (const entry of list) {
      const image = parts(entry.package);
      if (image === undefined) continue;
      const name = `${image.registry}!${image.path ?? ''}`;
      const former = state.get(name);
      if (former?.level === level) {
        if (entry.disabled !== true) throw new Refused();
        continue;
      }
      state.set(name, { disabled: entry.disabled ?? former?.disabled, level });
    }
  }
  const off = new Set<string>();
  const alone = new Set<string>();
  for (const [name, whole] of state) {
    if (!name.endsWith('!')) continue;
    const registry = name.slice(0, -1);
    const named = [...state].filter(([other]) => other.startsWith(name) && other !== name).map(([, one]) => one);
    const above = named.filter(({ level }) => level > whole.level);
    if (named.length > 1 && whole.disabled !== true) throw new Refused();
    if (named.length > 1 && above.some(({ disabled }) => disabled !== true)) alone.add(registry);
    else if ((named.length === 1 ? above[0]?.disabled : undefined) ?? whole.disabled) off.add(registry);
  }
  return (entry) => {
    const image = parts(entry.package);
    if (image === undefined) return true;
    return !off.has(image.registry) && !(alone.has(image.registry) && image.path === undefined);
  };
}

/** The directory an entry means: its own, the one that overrides it when it is switched off, else the image's. */
function pathOf(entry: ModelEntry, over: readonly ModelEntry[]): string {
  const image = parts(entry.package);
  const named = over.map((one) => parts(one.package)).find((one) => one?.registry === image?.registry && one?.path);
  return image?.path ?? (entry.disabled === true ? named?.path : undefined) ?? 'p';
}

function mergeEntry(entry: ModelEntry, level: number, path: string, plugins: Map<string, ModelPlugin>): void {
  const image = parts(entry.package);
  if (image === undefined) {
    const key = entry.package.startsWith('./') ? entry.package : (entry.package.split('@')[0] ?? '');
    put(key, entry.package, entry, level, plugins);
    return;
  }
  if (image.version !== '{{inherit}}') {
    put(`${image.registry}:!${path}`, `${image.registry}:${image.version}!${path}`, entry, level, plugins);
    return;
  }
  const bases = [...plugins.keys()].filter((key) =>
    image.path === undefined ? key.startsWith(`${image.registry}:!`) : key === `${image.registry}:!${image.path}`,
  );
  const [key] = bases;
  if (key === undefined || bases.length > 1) throw new Refused();
  put(key, plugins.get(key)?.package ?? '', entry, level, plugins);
}

function put(key: string, text: string, entry: ModelEntry, level: number, plugins: Map<string, ModelPlugin>): void {
  const there = plugins.get(key);
  if (there === undefined) {
    plugins.set(key, { package: text, disabled: entry.disabled ?? false, config: entry.config, level });
    return;
  }
  if (there.level === level) throw new Refused();
  there.package = text;
  there.level = level;
  there.disabled = entry.disabled ?? there.disabled;
  there.config = entry.config ?? there.config;
}
