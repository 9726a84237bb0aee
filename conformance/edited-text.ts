/** Another letter at that place of a base64 text. */
export function flipped(text: string, at = 20): string {
  return text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1);
}

/** A change of `bundle` in a payload or body that is JSON in base64. */
export function edited(base64: string, edit: (text: string) => string): string {
  return Buffer.from(edit(Buffer.from(base64, 'base64').toString())).toString('base64');
}
