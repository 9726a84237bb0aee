import type { ProgressEvent } from '@gantry/oci';
import type { Io } from '../io.ts';
import { formatBytes, shortDigest } from './quantity.ts';

const REDRAW_MS = 80;

interface Transfer {
  readonly action: ProgressEvent['action'];
  readonly done: number;
  readonly total: number;
}

const words: Readonly<Record<ProgressEvent['action'], { readonly now: string; readonly past: string }>> = {
  fetch: { now: 'fetching', past: 'fetched' },
  push: { now: 'pushing', past: 'pushed' },
  extract: { now: 'extracting', past: 'extracted' },
};

/**
 * Progress of all transfers of an operation. On a terminal one line that is drawn over; elsewhere a plain line for each
 * transfer that ends.
 */
export class ProgressLine {
  readonly #io: Io;
  readonly #transfers = new Map<string, Transfer>();
  #drawn = false;
  #last = Number.NEGATIVE_INFINITY;

  constructor(io: Io) {
    this.#io = io;
  }

  update(event: ProgressEvent): void {
    const { action, done, total } = event;
    const key = `${action} ${event.descriptor.digest}`;
    const ended = done >= total && (this.#transfers.get(key)?.done ?? -1) < total;
    this.#transfers.set(key, { action, done, total });
    if (this.#io.interactive) this.#redraw(ended);
    else if (ended) this.#plainLine(event);
  }

  /** Takes the line off the screen, before something else is written. */
  clear(): void {
    if (!this.#drawn) return;
    this.#drawn = false;
    this.#io.stderr.write('\r\u001b[K');
  }

  #plainLine({ action, descriptor, total }: ProgressEvent): void {
    this.#io.stderr.write(`${words[action].past} ${shortDigest(descriptor.digest)} ${formatBytes(total)}\n`);
  }

  #redraw(force: boolean): void {
    const now = performance.now();
    if (!force && now - this.#last < REDRAW_MS) return;
    this.#last = now;
    this.#drawn = true;
    this.#io.stderr.write(`\r\u001b[K${progressText([...this.#transfers.values()], this.#io.columns - 1)}`);
  }
}

/** `fetching 2 of 3, 45.0 MiB of 100.0 MiB [#####-----]`, for the action that was reported last, at most `width` wide. */
export function progressText(transfers: readonly Transfer[], width: number): string {
  const action = transfers.findLast((transfer) => transfer.done < transfer.total)?.action ?? transfers.at(-1)?.action;
  if (action === undefined) return '';
  const same = transfers.filter((transfer) => transfer.action === action);
  const done = same.reduce((sum, transfer) => sum + transfer.done, 0);
  const total = same.reduce((sum, transfer) => sum + transfer.total, 0);
  const ended = same.filter((transfer) => transfer.done >= transfer.total).length;
  const text = `${words[action].now} ${ended} of ${same.length}, ${formatBytes(done)} of ${formatBytes(total)} `;
  const room = Math.min(30, width - text.length - 2);
  if (room < 5) return text.slice(0, Math.max(0, width));
  const filled = total === 0 ? room : Math.floor((done / total) * room);
  return `${text}[${'#'.repeat(filled)}${'-'.repeat(room - filled)}]`;
}
