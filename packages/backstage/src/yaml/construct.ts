import { escapeRemote } from '@gantry/oci';
import { type MappingNode, type ScalarNode, YAML_TAG, type YamlNode, type YamlPair } from './node.ts';
import { isPrototypeKey } from './prototype-key.ts';
import { pythonFloat } from './python-float.ts';
import { scalarValue } from './scalar-value.ts';
import { versionDifference } from './version-difference.ts';
import { yamlFault } from './yaml-fault.ts';
import type { YamlEntry, YamlScalar, YamlValue, YamlWarning } from './yaml-value.ts';

const MERGE_TAG = `${YAML_TAG}merge`;
const VALUE_TAG = `${YAML_TAG}value`;

/** A pair of a map once its merge keys are followed. */
interface FlatPair {
  readonly pair: YamlPair;
  /** It came through a merge key: the map's own keys win. */
  readonly merged: boolean;
}

/**
 * Makes values of nodes, as PyYAML's safe constructor does: merge keys are followed, the last of equal keys wins. What
 * readers of YAML 1.2 take for something else, and keys that are there twice, are added to `warnings`.
 */
export class Constructor {
  readonly #warnings: YamlWarning[];
  readonly #values: Map<YamlNode, YamlValue> = new Map();
  readonly #flat: Map<MappingNode, readonly FlatPair[]> = new Map();

  constructor(warnings: YamlWarning[]) {
    this.#warnings = warnings;
  }

  value(node: YamlNode): YamlValue {
    const known = this.#values.get(node);
    if (known !== undefined) return known;
    const value = this.#construct(node);
    this.#values.set(node, value);
    return value;
  }

  #construct(node: YamlNode): YamlValue {
    const { tag, place } = node;
    const name = tag.startsWith(YAML_TAG) ? tag.slice(YAML_TAG.length) : undefined;
    switch (name) {
      case 'seq':
        if (node.kind !== 'sequence') throw yamlFault(place, `expected a list behind !!seq, found a ${node.kind}`);
        return { type: 'list', items: node.items.map((item) => this.value(item)), origin: place };
      case 'map':
      case 'set':
        if (node.kind !== 'mapping') throw yamlFault(place, `expected a map behind !!${name}, found a ${node.kind}`);
        return this.#map(node, name === 'set');
      case 'omap':
      case 'pairs':
        return { type: 'list', items: this.#pairs(node), origin: place };
      default:
        return this.#scalar(node, name);
    }
  }

  #scalar(node: YamlNode, name: string | undefined): YamlScalar {
    const text = scalarNode(node);
    if (name === undefined || (node.kind === 'scalar' && (name === 'merge' || name === 'value' || name === 'yaml'))) {
      throw yamlFault(node.place, name === undefined ? `the tag ${node.tag} is not known` : `quote ${text.value}`);
    }
    const value = scalarValue(name, text.value, node.place);
    if (value === undefined) throw yamlFault(node.place, `${text.value} is no value of the type !!${name}`);
    if (text.plain) this.#warnOfDifference(text, value);
    return value;
  }

  #warnOfDifference(node: ScalarNode, value: YamlScalar): void {
    const difference = versionDifference(node.value, value);
    if (difference !== undefined) this.#warn(node, difference);
  }

  #warn({ place }: YamlNode, text: string): void {
    this.#warnings.push({ origin: place, message: `${escapeRemote(place.file)}:${place.line}: ${text}` });
  }

  #map(node: MappingNode, isSet: boolean): YamlValue {
    const entries = new Map<string, YamlEntry>();
    // Python finds equal keys by value: 1, 1.0 and true are one.
    const names = new Map<string, { readonly name: string; readonly own: YamlNode | undefined }>();
    for (const { pair, merged } of this.#flattened(node)) {
      const [key, content] = pair;
      const scalar = this.#key(key);
      const identity = keyIdentity(scalar);
      const first = names.get(identity);
      const name = first?.name ?? keyText(scalar);
      if (isPrototypeKey(name)) throw yamlFault(key.place, `the key ${name} is not allowed`);
      if (!merged && first?.own !== undefined) {
        this.#warn(
          key,
          `the key ${escapeRemote(name)} is there twice: this one counts, not line ${first.own.place.line}`,
        );
      }
      names.set(identity, { name, own: merged ? undefined : key });
      const read = this.value(content);
      const value: YamlValue = isSet ? { type: 'null', origin: content.place } : read;
      entries.set(name, { value, origin: key.place });
    }
    return { type: 'map', entries, origin: node.place };
  }

  #key(node: YamlNode): YamlScalar {
    if (node.kind === 'scalar' && node.tag === VALUE_TAG) return { type: 'string', value: '=', origin: node.place };
    const value = this.value(node);
    if (value.type === 'map' || value.type === 'list') throw yamlFault(node.place, `a ${value.type} cannot be a key`);
    return value;
  }

  /** The pairs that merge keys bring, then the map's own. */
  #flattened(node: MappingNode): readonly FlatPair[] {
    const known = this.#flat.get(node);
    if (known !== undefined) return known;
    const merged: FlatPair[] = [];
    const own: FlatPair[] = [];
    for (const pair of node.pairs) {
      const [key, value] = pair;
      if (key.tag !== MERGE_TAG) own.push({ pair, merged: false });
      else
        for (const source of mergeSources(value))
          for (const inner of this.#flattened(source)) merged.push({ pair: inner.pair, merged: true });
    }
    const all = [...merged, ...own];
    this.#flat.set(node, all);
    return all;
  }

  /** An ordered map, or pairs: a list of lists of two. */
  #pairs(node: YamlNode): YamlValue[] {
    if (node.kind !== 'sequence') throw yamlFault(node.place, `expected a list behind the tag, found a ${node.kind}`);
    return node.items.map((item) => {
      const [pair, ...more] = item.kind === 'mapping' ? item.pairs : [];
      if (pair === undefined || more.length > 0) throw yamlFault(item.place, 'expected a map of one pair');
      return { type: 'list', items: [this.value(pair[0]), this.value(pair[1])], origin: item.place };
    });
  }
}

/** The maps that a merge key names, the one that wins last. */
function mergeSources(value: YamlNode): readonly MappingNode[] {
  const nodes = value.kind === 'sequence' ? value.items.toReversed() : [value];
  return nodes.map((node) => {
    if (node.kind !== 'mapping') throw yamlFault(node.place, `expected a map to merge, found a ${node.kind}`);
    return node;
  });
}

/** A scalar behind a tag of scalars: also the value of the key `=` in a map. */
function scalarNode(node: YamlNode): ScalarNode {
  if (node.kind === 'scalar') return node;
  const pair = node.kind === 'mapping' ? node.pairs.find(([key]) => key.tag === VALUE_TAG) : undefined;
  if (pair === undefined)
    throw yamlFault(node.place, `expected a scalar behind the tag ${node.tag}, found a ${node.kind}`);
  return scalarNode(pair[1]);
}

function keyIdentity(key: YamlScalar): string {
  if (key.type === 'boolean') return `number ${Number(key.value)}`;
  if (key.type === 'integer') return `number ${key.value}`;
  if (key.type === 'float') return `number ${Number.isInteger(key.value) ? BigInt(key.value) : key.value}`;
  return key.type === 'null' ? 'null' : `${key.type} ${key.value}`;
}

/** A key as Python's JSON writes it. */
function keyText(key: YamlScalar): string {
  if (key.type === 'null') return 'null';
  if (key.type === 'float') return Number.isFinite(key.value) ? pythonFloat(key.value) : String(key.value);
  return String(key.value);
}
