import type { Op } from '@gantry/oci';
import { backstageLimits } from '../backstage-limits.ts';
import type { Origin } from '../config/origin.ts';
import { implicitTag } from './implicit-tag.ts';
import { type MappingNode, type SequenceNode, YAML_TAG, type YamlNode } from './node.ts';
import { Scanner } from './scanner.ts';
import type { Token, WrittenTag } from './token.ts';
import { yamlFault } from './yaml-fault.ts';

const DEFAULT_HANDLES: ReadonlyMap<string, string> = new Map([
  ['!', '!'],
  ['!!', YAML_TAG],
]);

/**
 * Builds the nodes of the one document of a file, by PyYAML's grammar; undefined when there is none. Throws
 * `CONFIG_DYNAMIC_PLUGINS` for what is no YAML, a second document, deep nesting, and aliases that make more of the file than
 * it is, or that stand inside what they name.
 */
export function composeDocument(file: string, text: string, op?: Op): YamlNode | undefined {
  return new Composer(file, text, op).document();
}

interface Anchor {
  readonly place: Origin;
  /** Undefined while it is being read. */
  node: YamlNode | undefined;
}

class Composer {
  readonly #tokens: Scanner;
  readonly #anchors: Map<string, Anchor> = new Map();
  readonly #depthLimit: number;
  readonly #aliasLimit: number;
  #handles: ReadonlyMap<string, string> = DEFAULT_HANDLES;
  #depth = 0;
  #aliased = 0;

  constructor(file: string, text: string, op: Op | undefined) {
    this.#tokens = new Scanner(file, text);
    this.#depthLimit = backstageLimits(op, 'dynamicPluginsDepth');
    this.#aliasLimit = backstageLimits(op, 'dynamicPluginsAliases');
  }

  document(): YamlNode | undefined {
    const tokens = this.#tokens;
    let node: YamlNode;
    if (tokens.at('directive', 'document start', 'stream end')) {
      if (tokens.at('stream end')) return undefined;
      this.#startDocument();
      const empty = tokens.at('directive', 'document start', 'document end', 'stream end');
      node = empty ? this.#empty() : this.#node(true);
    } else {
      node = this.#node(true);
    }
    while (tokens.at('document end')) tokens.next();
    if (!tokens.at('stream end')) {
      const { type, place } = tokens.peek();
      if (type === 'directive' || type === 'document start') throw yamlFault(place, 'a second document begins here');
      throw yamlFault(place, `expected the end of the file, found ${described(type)}`);
    }
    return node;
  }

  #startDocument(): void {
    const handles = new Map<string, string>();
    let versioned = false;
    for (let token = this.#tokens.next(); token.type !== 'document start'; token = this.#tokens.next()) {
      if (token.type !== 'directive') throw yamlFault(token.place, `expected '---' behind directives`);
      const { directive, place } = token;
      if (directive.name === 'YAML') {
        if (versioned) throw yamlFault(place, 'the %YAML directive is there twice');
        if (directive.major !== 1) throw yamlFault(place, 'expected YAML 1');
        versioned = true;
      } else if (directive.name === 'TAG') {
        if (handles.has(directive.handle)) throw yamlFault(place, `the handle ${directive.handle} is there twice`);
        handles.set(directive.handle, directive.prefix);
      }
    }
    this.#handles = new Map([...DEFAULT_HANDLES, ...handles]);
  }

  /** `dashes`: in a block map, a list may stand at the indentation of its key. */
  #node(block: boolean, dashes: boolean = false): YamlNode {
    if (this.#tokens.at('alias')) return this.#alias(this.#tokens.next());
    const { anchor, tag, place } = this.#properties();
    const record: Anchor | undefined = anchor === undefined ? undefined : { place, node: undefined };
    if (anchor !== undefined && record !== undefined) {
      const first = this.#anchors.get(anchor);
      if (first !== undefined) {
        throw yamlFault(place, `the anchor &${anchor} is there twice, first in line ${first.place.line}`);
      }
      this.#anchors.set(anchor, record);
    }
    const node = this.#content(block, dashes, tag, place, anchor !== undefined);
    if (record !== undefined) record.node = node;
    return node;
  }

  #alias(token: Token): YamlNode {
    const name = token.type === 'alias' ? token.name : '';
    const anchor = this.#anchors.get(name);
    if (anchor === undefined) throw yamlFault(token.place, `there is no anchor &${name} before this alias`);
    const { node } = anchor;
    if (node === undefined) throw yamlFault(token.place, `the alias *${name} stands inside what it names`);
    this.#aliased += node.size;
    if (this.#aliased > this.#aliasLimit) {
      throw yamlFault(token.place, `aliases repeat more than ${this.#aliasLimit} values`);
    }
    this.#checkDepth(this.#depth + node.height, token.place);
    return node;
  }

  /** An anchor and a tag, in any order. */
  #properties(): { readonly anchor: string | undefined; readonly tag: string | undefined; readonly place: Origin } {
    const { place } = this.#tokens.peek();
    let anchor: string | undefined;
    let tag: string | undefined;
    for (;;) {
      const token = this.#tokens.peek();
      if (token.type === 'anchor' && anchor === undefined) anchor = token.name;
      else if (token.type === 'tag' && tag === undefined) tag = this.#tag(token.tag, token.place);
      else return { anchor, tag, place };
      this.#tokens.next();
    }
  }

  #tag({ handle, suffix }: WrittenTag, place: Origin): string {
    if (handle === undefined) return suffix;
    const prefix = this.#handles.get(handle);
    if (prefix === undefined) throw yamlFault(place, `the handle ${handle} of a tag is not declared`);
    return prefix + suffix;
  }

  #content(block: boolean, dashes: boolean, tag: string | undefined, place: Origin, anchored: boolean): YamlNode {
    const token = this.#tokens.peek();
    const { type } = token;
    if (token.type === 'scalar') {
      this.#tokens.next();
      return scalar(token.value, tag, place, token.plain);
    }
    const collectionTag = (name: 'seq' | 'map'): string =>
      tag === undefined || tag === '!' ? `${YAML_TAG}${name}` : tag;
    if (dashes && type === '-') return this.#within(place, () => this.#dashes(collectionTag('seq'), place));
    if (type === '[') return this.#within(place, () => this.#flowSequence(collectionTag('seq'), place));
    if (type === '{') return this.#within(place, () => this.#flowMapping(collectionTag('map'), place));
    if (block && type === 'block sequence start') {
      return this.#within(place, () => this.#blockSequence(collectionTag('seq'), place));
    }
    if (block && type === 'block mapping start') {
      return this.#within(place, () => this.#blockMapping(collectionTag('map'), place));
    }
    if (anchored || tag !== undefined) return scalar('', tag, place, tag === undefined);
    throw yamlFault(token.place, `expected a value, found ${described(type)}`);
  }

  #within<T extends YamlNode>(place: Origin, read: () => T): T {
    this.#depth++;
    this.#checkDepth(this.#depth, place);
    const node = read();
    this.#depth--;
    return node;
  }

  #checkDepth(depth: number, place: Origin): void {
    if (depth > this.#depthLimit) throw yamlFault(place, `nested deeper than ${this.#depthLimit}`);
  }

  #blockSequence(tag: string, place: Origin): SequenceNode {
    this.#tokens.next();
    const node = sequence(tag, place);
    while (this.#tokens.at('-')) {
      this.#tokens.next();
      addItem(node, this.#tokens.at('-', 'block end') ? this.#empty() : this.#node(true));
    }
    this.#expect('block end', 'list');
    return node;
  }

  #dashes(tag: string, place: Origin): SequenceNode {
    const node = sequence(tag, place);
    while (this.#tokens.at('-')) {
      this.#tokens.next();
      addItem(node, this.#tokens.at('-', '?', ':', 'block end') ? this.#empty() : this.#node(true));
    }
    return node;
  }

  #blockMapping(tag: string, place: Origin): MappingNode {
    this.#tokens.next();
    const node = mapping(tag, place);
    while (this.#tokens.at('?')) {
      const key = this.#afterMark(['?', ':', 'block end'], () => this.#node(true, true));
      const value = this.#tokens.at(':')
        ? this.#afterMark(['?', ':', 'block end'], () => this.#node(true, true))
        : this.#empty();
      addPair(node, key, value);
    }
    this.#expect('block end', 'map');
    return node;
  }

  #flowSequence(tag: string, place: Origin): SequenceNode {
    this.#tokens.next();
    const node = sequence(tag, place);
    while (!this.#tokens.at(']')) {
      if (node.items.length > 0) {
        this.#expect(',', 'list', ']');
        if (this.#tokens.at(']')) break;
      }
      const item = this.#tokens.peek();
      // `[key: value]` is a list with a map of one pair.
      addItem(node, item.type === '?' ? this.#within(item.place, () => this.#flowPair(item.place)) : this.#node(false));
    }
    this.#tokens.next();
    return node;
  }

  #flowPair(place: Origin): MappingNode {
    const node = mapping(`${YAML_TAG}map`, place);
    const key = this.#afterMark([':', ',', ']'], () => this.#node(false));
    addPair(node, key, this.#tokens.at(':') ? this.#afterMark([',', ']'], () => this.#node(false)) : this.#empty());
    return node;
  }

  #flowMapping(tag: string, place: Origin): MappingNode {
    this.#tokens.next();
    const node = mapping(tag, place);
    while (!this.#tokens.at('}')) {
      if (node.pairs.length > 0) {
        this.#expect(',', 'map', '}');
        if (this.#tokens.at('}')) break;
      }
      if (!this.#tokens.at('?')) {
        addPair(node, this.#node(false), this.#empty());
        continue;
      }
      const key = this.#afterMark([':', ',', '}'], () => this.#node(false));
      addPair(node, key, this.#tokens.at(':') ? this.#afterMark([',', '}'], () => this.#node(false)) : this.#empty());
    }
    this.#tokens.next();
    return node;
  }

  /** Takes `?` or `:` and reads what follows, which may be nothing. */
  #afterMark(ends: readonly Token['type'][], read: () => YamlNode): YamlNode {
    this.#tokens.next();
    return this.#tokens.at(...ends) ? this.#empty() : read();
  }

  #expect(type: Token['type'], within: 'list' | 'map', or?: Token['type']): void {
    if (this.#tokens.at(type)) {
      this.#tokens.next();
      return;
    }
    const found = this.#tokens.peek();
    const expected = `${described(type)}${or === undefined ? '' : ` or ${described(or)}`}`;
    throw yamlFault(found.place, `expected ${expected} in a ${within}, found ${described(found.type)}`);
  }

  #empty(): YamlNode {
    return scalar('', undefined, this.#tokens.peek().place, true);
  }
}

function scalar(value: string, tag: string | undefined, place: Origin, plain: boolean): YamlNode {
  const implicit = tag === '!' || (plain && tag === undefined);
  return {
    kind: 'scalar',
    tag: implicit ? implicitTag(value) : (tag ?? `${YAML_TAG}str`),
    value,
    place,
    plain: plain && tag === undefined,
    size: 1,
    height: 0,
  };
}

function sequence(tag: string, place: Origin): SequenceNode {
  return { kind: 'sequence', tag, place, items: [], size: 1, height: 1 };
}

function mapping(tag: string, place: Origin): MappingNode {
  return { kind: 'mapping', tag, place, pairs: [], size: 1, height: 1 };
}

function addItem(node: SequenceNode, item: YamlNode): void {
  node.items.push(item);
  grow(node, item);
}

function addPair(node: MappingNode, key: YamlNode, value: YamlNode): void {
  node.pairs.push([key, value]);
  grow(node, key);
  grow(node, value);
}

function grow(node: SequenceNode | MappingNode, child: YamlNode): void {
  node.size += child.size;
  node.height = Math.max(node.height, child.height + 1);
}

/** A token for a message. */
function described(type: Token['type']): string {
  if (type.length === 1) return `'${type}'`;
  if (type === 'stream end') return 'the end of the file';
  if (type === 'block end') return 'the end of the indented block';
  return type.replace('sequence', 'list').replace('mapping', 'map');
}
