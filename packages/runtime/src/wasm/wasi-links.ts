import { lstatSync } from 'node:fs';

/**
 * Whether a path below `place` goes through a symbolic link, or ends in one when that is not wanted (`onLink` false).
 * A path that leaves `place` by `..` or begins at the root is left to the file system layer, which refuses it.
 */
export function linkOnTheWay(place: string, path: string, onLink: boolean): boolean {
  const names = path.split('/').filter((name) => name !== '' && name !== '.');
  const way: string[] = [];
  for (const [index, name] of names.entries()) {
    if (name === '..') {
      way.pop();
      continue;
    }
    way.push(name);
    const isLast = index === names.length - 1;
    if (isLast && onLink) return false;
    const stat = lstatSync(`${place}/${way.join('/')}`, { throwIfNoEntry: false });
    if (stat?.isSymbolicLink() === true) return true;
  }
  return false;
}
