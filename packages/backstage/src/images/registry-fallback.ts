import { type GantryError, isGantryError, type Op, type RegistryReference } from '@gantry/oci';
import type { LogSink } from '../install/log-sink.ts';

const FIRST = { registry: 'registry.access.redhat.com', namespace: 'rhdh/' };
const SECOND = { registry: 'quay.io', namespace: 'rhdh/' };
const FIRST_NAME = `${FIRST.registry}/${FIRST.namespace}`;
const SECOND_NAME = `${SECOND.registry}/${SECOND.namespace}`;

/** What decides between an image's two names. */
export interface FallbackOptions {
  /** Keep to "not found" where the original falls back for every failure. */
  readonly strictFallback: boolean;
  /** Whether there are credentials for it: without any, 401 and 403 mean "not found". */
  readonly hasCredentials: (reference: RegistryReference, op?: Op) => Promise<boolean>;
  readonly log: LogSink;
}

/** Asks for images under their first name, else under the second, and keeps to what it found. */
export interface RegistryFallback {
  /**
   * The answer of `ask` under the name that has the image. `key` is what the decision is remembered by. Every fallback is
   * reported, and throws what the second name answered; after a failure that was no "not found" the first.
   */
  ask<T>(
    key: string,
    reference: RegistryReference,
    ask: (reference: RegistryReference) => Promise<T>,
    op?: Op,
  ): Promise<T>;
}

/** Opens the fallback of one run. */
export function openFallback({ strictFallback, hasCredentials, log }: FallbackOptions): RegistryFallback {
  const chosen = new Map<string, RegistryReference>();
  return {
    ask: async (key, reference, ask, op) => {
      const second = secondName(reference);
      const known = second === undefined ? reference : chosen.get(key);
      if (known !== undefined || second === undefined) return await ask(known ?? reference);
      log.line(`\t==> Checking if image exists in ${FIRST_NAME}...`);
      let failure: GantryError;
      try {
        const answer = await ask(reference);
        log.line(`\t==> Image found in ${FIRST_NAME}`);
        chosen.set(key, reference);
        return answer;
      } catch (error) {
        if (!isGantryError(error) || !error.code.startsWith('REGISTRY_')) throw error;
        failure = error;
      }
      const absent =
        isAbsence(failure) && (failure.code === 'REGISTRY_NOT_FOUND' || !(await hasCredentials(reference, op)));
      if (!absent && strictFallback) throw failure;
      if (absent) log.line(`\t==> Image not found in ${FIRST_NAME}, falling back to ${SECOND_NAME}`);
      else
        log.warn(`\t==> WARNING: ${FIRST_NAME} could not be asked, falling back to ${SECOND_NAME}: ${failure.message}`);
      log.line(`\t==> Using fallback image: ${nameOf(second)}`);
      chosen.set(key, second);
      try {
        return await ask(second);
      } catch (error) {
        // That it is not in the second place either says nothing where the first could not be asked.
        throw absent || !isGantryError(error) || error.code !== 'REGISTRY_NOT_FOUND' ? error : failure;
      }
    },
  };
}

function isAbsence({ code }: GantryError): boolean {
  return code === 'REGISTRY_NOT_FOUND' || code === 'REGISTRY_UNAUTHORIZED' || code === 'REGISTRY_DENIED';
}

function secondName(reference: RegistryReference): RegistryReference | undefined {
  if (reference.registry !== FIRST.registry || !reference.repository.startsWith(FIRST.namespace)) return undefined;
  const rest = reference.repository.slice(FIRST.namespace.length);
  return { ...reference, registry: SECOND.registry, repository: SECOND.namespace + rest };
}

function nameOf({ registry, repository, tag, digest }: RegistryReference): string {
  return `${registry}/${repository}${digest === undefined ? `:${tag}` : `@${digest}`}`;
}
