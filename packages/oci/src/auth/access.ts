import type { Access } from '../transport/transport.ts';

const ORDER = ['pull', 'push', 'delete'] as const;

/** The token scopes an operation needs, one for each repository, in a fixed order (distribution token spec, "scope"). */
export function scopesOf(access: readonly Access[]): string[] {
  return [...byRepository(access)]
    .map(
      ([repository, actions]) => `repository:${repository}:${ORDER.filter((action) => actions.has(action)).join(',')}`,
    )
    .sort();
}

/** Whether whoever asked for `granted` asked for all of `wanted`. */
export function covers(granted: readonly Access[], wanted: readonly Access[]): boolean {
  const held = byRepository(granted);
  return wanted.every(({ repository, actions }) =>
    actions.every((action) => held.get(repository)?.has(action) === true),
  );
}

function byRepository(access: readonly Access[]): Map<string, Set<string>> {
  const result = new Map<string, Set<string>>();
  for (const { repository, actions } of access) {
    const all = result.get(repository) ?? new Set();
    for (const action of actions) all.add(action);
    result.set(repository, all);
  }
  return result;
}
