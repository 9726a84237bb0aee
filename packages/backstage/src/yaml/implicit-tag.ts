import { YAML_TAG } from './node.ts';

/** PyYAML's own expressions for scalars without tags (YAML 1.1), in its order. */
const IMPLICIT: readonly (readonly [name: string, pattern: RegExp])[] = [
  ['bool', /^(?:yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF)$/],
  [
    'float',
    /^(?:[-+]?(?:[0-9][0-9_]*)\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/,
  ],
  [
    'int',
    /^(?:[-+]?0b[0-1_]+|[-+]?0[0-7_]+|[-+]?(?:0|[1-9][0-9_]*)|[-+]?0x[0-9a-fA-F_]+|[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+)$/,
  ],
  ['merge', /^<<$/],
  ['null', /^(?:~|null|Null|NULL|)$/],
  [
    'timestamp',
    /^(?:[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{4}-[0-9][0-9]?-[0-9][0-9]?(?:[Tt]|[ \t]+)[0-9][0-9]?:[0-9]{2}:[0-9]{2}(?:\.[0-9]*)?(?:[ \t]*(?:Z|[-+][0-9][0-9]?(?::[0-9]{2})?))?)$/,
  ],
  ['value', /^=$/],
  ['yaml', /^[!&*]$/],
];

/** What a scalar begins with that may be anything but a string. */
const FIRST = /^(?:[-+.0-9~<=!&*yYnNtTfFoO]|$)/;

/** The tag that PyYAML gives a scalar written without quotes and without a tag. */
export function implicitTag(text: string): string {
  if (!FIRST.test(text)) return `${YAML_TAG}str`;
  const found = IMPLICIT.find(([, pattern]) => pattern.test(text));
  return `${YAML_TAG}${found?.[0] ?? 'str'}`;
}

/** Whether a tag is that of strings. */
export function isStringTag(tag: string): boolean {
  return tag === `${YAML_TAG}str`;
}
