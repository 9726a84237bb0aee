import { isBreakOrEnd, type TextCursor } from './text-cursor.ts';
import { shown, yamlFault } from './yaml-fault.ts';

/** The error about a character that nothing can begin with; where quotes would help, its hint is the line with quotes. */
export function unexpectedCharacter(cursor: TextCursor): Error {
  const char = cursor.peek();
  const problem = `found ${char === '\t' ? 'a tab' : shown(char)} that nothing can begin with`;
  if (char === '\t') return yamlFault(cursor.place(), problem, 'indent with spaces: YAML allows no tabs there');
  if (char !== '@' && char !== '`' && char !== '%') return yamlFault(cursor.place(), problem);
  let start = cursor.offset;
  while (start > 0 && !isBreakOrEnd(cursor.text[start - 1] ?? '\0')) start--;
  let end = cursor.offset;
  while (!isBreakOrEnd(cursor.text[end] ?? '\0')) end++;
  const before = cursor.text.slice(start, cursor.offset).trimStart();
  const scalar = cursor.text
    .slice(cursor.offset, end)
    .replace(/[ \t]#.*$/, '')
    .trimEnd();
  return yamlFault(cursor.place(), problem, `quote it: ${before}${JSON.stringify(scalar)}`);
}
