/** A path into a JSON document: keys and positions. */
export type JsonPath = readonly (string | number)[];

const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g;

/** An object or array that is open, and where in it the scan is. */
interface Level {
  readonly array: boolean;
  key: string | number | undefined;
}

/** The line, from 1, of what stands at a path of strict JSON, or of the nearest thing around it. */
export function lineOfPath(text: string, path: JsonPath): number {
  const levels: Level[] = [];
  let deepest = -1;
  let found = 0;
  for (const { 0: token, index } of text.matchAll(TOKEN)) {
    const level = levels.at(-1);
    if (token === '}' || token === ']') levels.pop();
    else if (token === ',') {
      if (level?.array === true) level.key = Number(level.key) + 1;
      else if (level !== undefined) level.key = undefined;
    } else if (token !== ':') {
      const isKey = level?.array === false && level.key === undefined;
      if (isKey) level.key = JSON.parse(token);
      if (levels.length > deepest && levels.every(({ key }, depth) => key === path[depth])) {
        deepest = levels.length;
        found = index;
      }
      if (!isKey && (token === '{' || token === '[')) {
        levels.push(token === '[' ? { array: true, key: 0 } : { array: false, key: undefined });
      }
    }
  }
  return lineAt(text, found);
}

/** The line, from 1, of an offset in a text. */
export function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length;
}
