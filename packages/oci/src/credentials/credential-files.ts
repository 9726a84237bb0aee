import { isAbsolute, join } from 'node:path';
import type { Environment } from '../environment.ts';
import { isGantryError } from '../errors.ts';
import { type JsonObject, parseJson } from '../json.ts';
import { ociError } from '../oci-errors.ts';
import { ociLimits } from '../oci-limits.ts';
import type { Op } from '../op.ts';
import { readSmallFile } from '../small-file.ts';

/**
 * The credential files that count, in the order they are asked: `REGISTRY_AUTH_FILE` alone when it is set; else
 * `$DOCKER_CONFIG/config.json` when that is set, the `auth.json` of the containers tools under `XDG_RUNTIME_DIR` and
 * the user's configuration, `~/.docker/config.json`. Absolute paths.
 */
export function credentialFiles(env: Environment['env']): string[] {
  const explicit = env['REGISTRY_AUTH_FILE'];
  if (explicit) return [absolute(explicit)];
  const home = env['HOME'] || env['USERPROFILE'];
  const configHome = env['XDG_CONFIG_HOME'] || (home && join(home, '.config'));
  const docker = env['DOCKER_CONFIG'];
  return [
    docker && join(absolute(docker), 'config.json'),
    env['XDG_RUNTIME_DIR'] && join(env['XDG_RUNTIME_DIR'], 'containers', 'auth.json'),
    configHome && join(configHome, 'containers', 'auth.json'),
    !docker && home && join(home, '.docker', 'config.json'),
  ].filter((path): path is string => typeof path === 'string' && path !== '');
}

/** The document in a credential file; undefined when there is none. Throws `REGISTRY_CREDENTIALS`. */
export async function readCredentialFile(path: string, op?: Op): Promise<JsonObject | undefined> {
  const limit = ociLimits(op, 'credentialFileBytes');
  let bytes: Buffer | undefined;
  try {
    bytes = await readSmallFile(path, limit);
  } catch (cause) {
    const why =
      cause instanceof RangeError ? `it is longer than ${limit} bytes` : (cause as NodeJS.ErrnoException).code;
    throw credentialFileError(path, `cannot be read: ${why}`, cause);
  }
  if (bytes === undefined) return undefined;
  if (bytes.length === 0) return {};
  try {
    const document = parseJson(bytes, op, 'credentialFileBytes');
    if (typeof document === 'object' && document !== null && !Array.isArray(document)) return document as JsonObject;
  } catch (cause) {
    // Only our own parser's message: it has an offset, not the text around it.
    throw credentialFileError(path, isGantryError(cause) ? cause.message : 'is not JSON');
  }
  throw credentialFileError(path, 'is not a JSON object');
}

/** `REGISTRY_CREDENTIALS` about a file; `what` never quotes it. */
export function credentialFileError(path: string, what: string, cause?: unknown): Error {
  return ociError('REGISTRY_CREDENTIALS', `credential file ${path}: ${what}`, { details: { file: path }, cause });
}

function absolute(path: string): string {
  return isAbsolute(path) ? path : join(process.cwd(), path);
}
