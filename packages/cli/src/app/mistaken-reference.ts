import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { isPath } from '@gantry/core';
import { formatReference, GantryError, isGantryError, parseReference } from '@gantry/oci';

/**
 * Adds to a failure what its author probably meant: a text that is a file here was to be a path, and one without a
 * registry went to Docker Hub. Any other failure, and one about several references, comes back as it is.
 */
export function explainMistaken(error: unknown, references: readonly string[], cwd: string): unknown {
  const [text] = references;
  if (text === undefined || references.length > 1 || !isGantryError(error)) return error;
  if (!/^(?:REFERENCE_INVALID|REGISTRY_.*|INSTALL_NOT_FOUND)$/.test(error.code)) return error;
  const implied = error.code.startsWith('REGISTRY_') ? impliedReference(text) : undefined;
  const message = implied === undefined ? error.message : `${text} was read as ${implied}: ${error.message}`;
  const hint = isFileHere(text, cwd)
    ? `there is a file of that name here: write ./${text}`
    : registryHint(text, implied);
  if (hint === undefined && implied === undefined) return error;
  const { code, details, retryable, cause } = error;
  return new GantryError(code, message, { meaning: '', hint: hint ?? error.hint }, { details, retryable, cause });
}

/** What a reference without a registry stands for; undefined when it names its registry. */
export function impliedReference(text: string): string | undefined {
  try {
    const reference = parseReference(text);
    if (reference.kind !== 'registry' || reference.registry !== 'docker.io') return undefined;
    const name = text.replace(/^oci:\/\//, '');
    return /^(?:index\.)?docker\.io\//.test(name) ? undefined : formatReference(reference);
  } catch (error) {
    if (isGantryError(error)) return undefined;
    throw error;
  }
}

function isFileHere(text: string, cwd: string): boolean {
  return !isPath(text) && !text.includes('\0') && existsSync(resolve(cwd, text));
}

/** `host:port` alone is a repository of Docker Hub with a tag. */
function registryHint(text: string, implied: string | undefined): string | undefined {
  if (implied === undefined) return undefined;
  if (/^(?:localhost|[^/]*\.[^/]*):[0-9]+$/.test(text))
    return `the repository is missing: write ${text}/REPOSITORY:TAG`;
  return 'a registry other than Docker Hub is named first: HOST/REPOSITORY:TAG';
}
