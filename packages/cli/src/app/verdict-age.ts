import type { Verdict } from '@gantry/core';
import type { Io } from '../io.ts';
import { formatDuration } from '../output/quantity.ts';
import { environmentOf } from './environment.ts';

/** How old a verdict is, for people: `3 h ago`, `3 days ago, stale`. A clock that runs before it tells no age. */
export function verdictAge(io: Pick<Io, 'env'>, { judgedAt, stale }: Pick<Verdict, 'judgedAt' | 'stale'>): string {
  const age = Math.max(0, environmentOf(io).now() - Date.parse(judgedAt));
  return `${formatDuration(age)} ago${stale ? ', stale' : ''}`;
}
