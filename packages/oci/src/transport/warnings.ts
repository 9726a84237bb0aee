import { escapeRemote } from '../escape.ts';
import type { Op } from '../op.ts';
import type { Answer } from './answer.ts';

const WARNING = /299 [^\s,]+ "((?:[^"\\]|\\.)*)"/g;
/** Texts that are remembered for a transport: after them a registry has had its say. */
const REMEMBERED = 100;

/** Reports each text of a registry's `Warning: 299` headers once (distribution specification, "Warnings"). */
export class Warnings {
  readonly #seen = new Set<string>();

  report(answer: Answer, registry: string, op: Op | undefined): void {
    if (op?.onEvent === undefined) return;
    for (const header of answer.headerValues('warning')) {
      for (const [, quoted = ''] of header.matchAll(WARNING)) {
        const message = escapeRemote(quoted.replace(/\\(.)/g, '$1'));
        const key = `${registry} ${message}`;
        if (this.#seen.size >= REMEMBERED || this.#seen.has(key)) continue;
        this.#seen.add(key);
        op.onEvent({ type: 'warning', from: registry, message });
      }
    }
  }
}
