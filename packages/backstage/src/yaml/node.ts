import type { Origin } from '../config/origin.ts';

/** A node of a YAML document with its tag resolved, before anything is made of it. Aliases are the node they name. */
export type YamlNode = ScalarNode | SequenceNode | MappingNode;

/** A scalar. */
export interface ScalarNode extends NodeFacts {
  readonly kind: 'scalar';
  readonly value: string;
  /** Written without quotes and without a tag: other readers may see another type in it. */
  readonly plain: boolean;
}

/** A list. */
export interface SequenceNode extends NodeFacts {
  readonly kind: 'sequence';
  readonly items: YamlNode[];
}

/** A map: its pairs in the order of the file, merge keys and duplicates among them. */
export interface MappingNode extends NodeFacts {
  readonly kind: 'mapping';
  readonly pairs: YamlPair[];
}

/** A key and a value. */
export type YamlPair = readonly [key: YamlNode, value: YamlNode];

interface NodeFacts {
  readonly place: Origin;
  readonly tag: string;
  /** Nodes in it, itself included, aliases counted as what they name. */
  size: number;
  /** Levels of collections in it, itself included. */
  height: number;
}

/** The prefix of YAML's own tags, which `!!` stands for. */
export const YAML_TAG = 'tag:yaml.org,2002:';
