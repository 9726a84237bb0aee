/**
 * Bytes from base64 in its one spelling: standard alphabet, padded, nothing around it, no stray bits. `Buffer.from` reads
 * much more, and two readers that disagree about a signature are one too many (C13). Undefined for everything else.
 */
export function strictBase64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text ? bytes : undefined;
}
