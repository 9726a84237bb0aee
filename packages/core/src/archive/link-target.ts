import { type DirectoryNode, find, type TreeNode } from './merged-tree.ts';

/** As many as Linux follows. */
const MOST_LINKS = 40;

/**
 * Why a symbolic link must not be created; undefined when it stays below `top` whatever links it passes. Resolved as a
 * kernel would, in the tree as it will be: a `..` behind a link counts from where that link leads. A link may lead to
 * nothing, as long as no `..` follows, so that nothing that appears there later changes the answer.
 */
export function linkProblem(root: DirectoryNode, path: string, target: string, top: string): string | undefined {
  if (target.startsWith('/') || target.includes('\\') || /^[A-Za-z]:/.test(target)) return 'is absolute';
  if (/[\u0000-\u001f\u007f-\u009f]/.test(target)) return 'has a control character';
  if (top === path) return 'is not inside a package';
  const at = path.split('/').slice(0, -1);
  const ahead = target.split('/');
  const floor = top === '' ? 0 : 1;
  let links = 0;
  while (ahead.length > 0) {
    const segment = ahead.shift() ?? '';
    if (segment === '' || segment === '.') continue;
    if (segment === '..') {
      if (find(root, at.join('/'))?.kind !== 'directory') return 'leads through something that is not a directory';
      if (at.length <= floor) return 'leads out';
      at.pop();
      continue;
    }
    const node: TreeNode | undefined = find(root, [...at, segment].join('/'));
    if (node?.kind !== 'link') {
      at.push(segment);
      continue;
    }
    links += 1;
    if (links > MOST_LINKS) return 'is one of too many links in a row';
    if (node.target.startsWith('/')) return 'leads through an absolute link';
    ahead.unshift(...node.target.split('/'));
  }
  return undefined;
}
