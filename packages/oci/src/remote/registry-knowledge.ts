import type { Transport } from '../transport/transport.ts';
import { type Endpoint, endpointName } from './endpoint.ts';

/** What was learned about repositories, shared by everything that uses one transport. */
export interface RegistryKnowledge {
  /** Whether the referrers API answers for a repository; undefined when it was not asked yet. */
  referrersApi(at: Endpoint): boolean | undefined;
  learnReferrersApi(at: Endpoint, answers: boolean): void;
  /** False once the registry answered a POST of a whole blob by opening an upload: sending the bytes in it is in vain. */
  singlePost(at: Endpoint): boolean;
  learnNoSinglePost(at: Endpoint): void;
  /** True for a minute after a mirror could not be reached: each request would wait for the same failure again. */
  mirrorRests(at: Endpoint): boolean;
  learnMirrorUnreachable(at: Endpoint): void;
  /** Runs `work` after all earlier work under the same tag, so that this process does not race with itself. */
  alone<T>(at: Endpoint, tag: string, work: () => Promise<T>): Promise<T>;
}

const known: WeakMap<Transport, RegistryKnowledge> = new WeakMap();
const MOST_REPOSITORIES = 10_000;
/** How long a mirror that could not be reached is not asked, in milliseconds. */
const MIRROR_REST = 60_000;

/** What is known through a transport. */
export function registryKnowledge(transport: Transport): RegistryKnowledge {
  const before = known.get(transport);
  if (before !== undefined) return before;
  const made = emptyKnowledge();
  known.set(transport, made);
  return made;
}

function emptyKnowledge(): RegistryKnowledge {
  const answering = new Map<string, boolean>();
  const withoutSinglePost = new Set<string>();
  const unreachable = new Map<string, number>();
  const running = new Map<string, Promise<unknown>>();
  const key = (at: Endpoint): string => `${at.transport.baseUrl(at.registry).origin} ${at.repository}`;
  return {
    referrersApi: (at) => answering.get(key(at)),
    learnReferrersApi: (at, answers) => {
      if (answering.size >= MOST_REPOSITORIES) answering.clear();
      answering.set(key(at), answers);
    },
    singlePost: (at) => !withoutSinglePost.has(at.registry),
    learnNoSinglePost: (at) => void withoutSinglePost.add(at.registry),
    mirrorRests: (at) => (unreachable.get(at.registry) ?? 0) > at.transport.environment.monotonic(),
    learnMirrorUnreachable: (at) =>
      void unreachable.set(at.registry, at.transport.environment.monotonic() + MIRROR_REST),
    alone: async (at, tag, work) => {
      const name = `${endpointName(at)}:${tag}`;
      const mine = (running.get(name) ?? Promise.resolve()).then(work, work);
      running.set(name, mine);
      try {
        return await mine;
      } finally {
        if (running.get(name) === mine) running.delete(name);
      }
    },
  };
}
