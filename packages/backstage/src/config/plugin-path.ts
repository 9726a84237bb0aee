import type { ErrorOptions } from '@gantry/oci';
import { shown } from './config-fault.ts';

/** Names at the first level of the root that are not for plugins. */
const RESERVED =
  /^(?:\.gantry-.*|\.catalog-index-temp|lost\+found|(?:install-)?dynamic-plugins\.lock|app-config\.dynamic-plugins\.yaml)$/;

const MAX_NAME_BYTES = 255;

/** What is wrong with a path, and what to do about it where that is not plain. */
export interface PathFault extends Pick<ErrorOptions, 'hint'> {
  readonly message: string;
}

/**
 * What keeps a directory inside an image from becoming a plugin's directory in the root, in the original's words where it
 * has some; undefined when nothing does. Backstage reads the first level of its root only, so that a path is one name.
 */
export function pluginPathFault(path: string): PathFault | undefined {
  const segments = path.split('/');
  if (path.startsWith('/')) return fault('absolute', path);
  if (segments.includes('..') || segments.includes('.')) return fault('path traversal detected', path);
  if (segments.includes('')) return fault('empty', path);
  if (segments.length > 1) {
    const name = shown(segments.at(-1) ?? '');
    const hint = `Backstage finds plugins at the first level of its root only: have ${name} at the root of the image`;
    return { ...fault('nested', path), hint };
  }
  if (/[\\\u0000-\u001f\u007f-\u009f]/.test(path)) return fault('not a plain name', path);
  if (Buffer.byteLength(path) > MAX_NAME_BYTES) return fault('too long', path);
  if (RESERVED.test(path)) return fault('kept for the installer', path);
  return undefined;
}

function fault(what: string, path: string): PathFault {
  return { message: `Invalid plugin path (${what}): ${shown(path)}` };
}
