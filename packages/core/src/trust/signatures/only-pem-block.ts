import { type PemBlock, parsePem } from '../material/pem.ts';

/** The block of a PEM text that holds exactly one; undefined for any other text. */
export function onlyPemBlock(text: string): PemBlock | undefined {
  const [block, ...others] = parsePem(text) ?? [];
  return others.length === 0 ? block : undefined;
}
