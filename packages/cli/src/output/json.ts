/** What a terminal or an editor may obey, hide or reorder. Valid inside JSON strings, and there only, as an escape. */
const TREACHEROUS = /[\u007f-\u009f\p{Cf}\p{Zl}\p{Zp}\p{Co}]/gu;

/**
 * One line of JSON, free of control, bidirectional and invisible characters: they are written as `\uXXXX`, which parses
 * to the same value. Undefined fields are left out.
 */
export function jsonLine(document: object): string {
  return JSON.stringify(document).replace(TREACHEROUS, escapeUnits);
}

function escapeUnits(character: string): string {
  return character
    .split('')
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .join('');
}
