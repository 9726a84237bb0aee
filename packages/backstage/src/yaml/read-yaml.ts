import type { Op } from '@gantry/oci';
import { backstageLimits } from '../backstage-limits.ts';
import { composeDocument } from './compose.ts';
import { Constructor } from './construct.ts';
import { yamlFault } from './yaml-fault.ts';
import type { YamlValue, YamlWarning } from './yaml-value.ts';

/** What PyYAML does not let into a file. */
const FORBIDDEN = /[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u;

/**
 * Reads a YAML file as the Python original's loader does (PyYAML 6.0, `safe_load`, YAML 1.1): its scalars, tags, merge keys
 * and grammar. The value is undefined when the file is empty or null. A warning names each scalar that YAML 1.2 reads
 * otherwise and each key that is there twice.
 *
 * Stricter than the original: keys that reach prototypes, aliases that stand inside what they name, aliases that repeat
 * more than `dynamicPluginsAliases` values, more than `dynamicPluginsDepth` levels and `dynamicPluginsBytes` bytes.
 *
 * @throws CONFIG_DYNAMIC_PLUGINS with file and line
 */
export function readYaml(
  text: string,
  file: string,
  op?: Op,
): { readonly value: YamlValue | undefined; readonly warnings: readonly YamlWarning[] } {
  const limit = backstageLimits(op, 'dynamicPluginsBytes');
  if (Buffer.byteLength(text) > limit) throw yamlFault({ file, line: 1, column: 1 }, `larger than ${limit} bytes`);
  const forbidden = FORBIDDEN.exec(text);
  if (forbidden !== null) throw forbiddenCharacter(text, file, forbidden.index);
  const warnings: YamlWarning[] = [];
  const node = composeDocument(file, text, op);
  const value = node === undefined ? undefined : new Constructor(warnings).value(node);
  return { value: value?.type === 'null' ? undefined : value, warnings };
}

function forbiddenCharacter(text: string, file: string, index: number): Error {
  const before = text.slice(0, index).split(/\r\n|[\n\r\x85\u2028\u2029]/);
  const origin = { file, line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
  const code = text.codePointAt(index) ?? 0;
  return yamlFault(origin, `the character U+${code.toString(16).toUpperCase().padStart(4, '0')} is not allowed`);
}
