/** Characters that are never shown as they are: C0 and C1 controls, bidirectional and invisible formatting, lone surrogates. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/gu;

/**
 * Makes text from elsewhere safe to show: control, bidirectional and invisible characters become `\u{hex}`, and what is
 * longer than `max` characters is cut with `…`. Every message and listing passes remote text through here.
 */
export function escapeRemote(text: string, max: number = 200): string {
  const cut = text.length > max ? `${text.slice(0, max)}…` : text;
  return cut.replace(UNSAFE, (char) => `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`);
}
