import { type Annotations, escapeRemote, type JsonValue, type Op, ociError, parseJson } from '@gantry/oci';
import { backstageError } from '../backstage-errors.ts';
import { backstageLimits } from '../backstage-limits.ts';
import { pluginPathFault } from '../config/plugin-path.ts';

const ANNOTATION = 'io.backstage.dynamic-packages';

/**
 * The plugin directories that an image says it holds: `io.backstage.dynamic-packages` is base64 of a JSON list of objects
 * whose keys are the directories. Undefined without the annotation, empty when it lists none. Whether they are there is seen
 * when the image is unpacked. Throws `CONTENT_INVALID` with the original's text when it cannot be read,
 * `CONFIG_PLUGIN_PATH` for a name that is no directory of an image, `CONTENT_LIMIT` for more than `imagePlugins`.
 */
export function dynamicPackages(image: string, annotations: Annotations, op?: Op): readonly string[] | undefined {
  const text = annotations[ANNOTATION];
  if (text === undefined) return undefined;
  const list = decode(image, text, op);
  if (!Array.isArray(list)) return [];
  const paths = [...new Set(list.flatMap((item: JsonValue) => keysOf(image, item)))];
  const most = backstageLimits(op, 'imagePlugins');
  if (paths.length > most) {
    throw ociError('CONTENT_LIMIT', `${image} names ${paths.length} plugins, more than ${most} (imagePlugins)`, {
      details: { image, limit: 'imagePlugins', expected: most, found: paths.length },
    });
  }
  for (const path of paths) {
    const fault = pluginPathFault(path);
    if (fault === undefined) continue;
    throw backstageError('CONFIG_PLUGIN_PATH', `${fault.message}, says the annotation ${ANNOTATION} of ${image}`, {
      details: { image, path: escapeRemote(path) },
      hint: 'ask its publisher to package it again, or name a directory of it: !directory',
    });
  }
  return paths;
}

function decode(image: string, text: string, op: Op | undefined): JsonValue {
  try {
    return parseJson(Buffer.from(text, 'base64'), op);
  } catch (cause) {
    throw unreadable(image, cause instanceof Error ? cause.message : String(cause), cause);
  }
}

function keysOf(image: string, item: JsonValue): readonly string[] {
  if (typeof item !== 'object' || item === null || Array.isArray(item)) {
    throw unreadable(image, `${ANNOTATION} holds something that is no object`);
  }
  return Object.keys(item);
}

function unreadable(image: string, problem: string, cause?: unknown): Error {
  return ociError('CONTENT_INVALID', `Failed to parse plugin metadata from ${image}: ${problem}`, {
    details: { image },
    cause,
  });
}
