import type { DirectoryNode, TreeNode } from './merged-tree.ts';

/** As many as Linux follows. */
const MOST_LINKS = 40;
/** Names on the way of one link, those of the links that it passes included: what is asked of a link is bounded. */
const MOST_NAMES = 1000;

/**
 * Why a symbolic link must not be created; undefined when it stays below `top` whatever links it passes. Resolved as a
 * kernel would, in the tree as it will be: a `..` behind a link counts from where that link leads. A link may lead to
 * nothing, as long as no `..` follows, so that nothing that appears there later changes the answer.
 */
export function linkProblem(root: DirectoryNode, path: string, target: string, top: string): string | undefined {
  if (target.startsWith('/') || target.includes('\\') || /^[A-Za-z]:/.test(target)) return 'is absolute';
  if (/[\u0000-\u001f\u007f-\u009f]/.test(target)) return 'has a control character';
  if (top === path) return 'is not inside a package';
  const way: (TreeNode | undefined)[] = [root];
  for (const segment of path.split('/').slice(0, -1)) way.push(childOf(way.at(-1), segment));
  // The next name is the last.
  const ahead = target.split('/').reverse();
  const floor = top === '' ? 1 : 2;
  let links = 0;
  for (let names = 0; ahead.length > 0; names += 1) {
    if (names + ahead.length > MOST_NAMES) return 'leads through too many names';
    const segment = ahead.pop() ?? '';
    if (segment === '' || segment === '.') continue;
    if (segment === '..') {
      if (way.at(-1)?.kind !== 'directory') return 'leads through something that is not a directory';
      if (way.length <= floor) return 'leads out';
      way.pop();
      continue;
    }
    const node = childOf(way.at(-1), segment);
    if (node?.kind !== 'link') {
      way.push(node);
      continue;
    }
    links += 1;
    if (links > MOST_LINKS) return 'is one of too many links in a row';
    if (node.target.startsWith('/')) return 'leads through an absolute link';
    ahead.push(...node.target.split('/').reverse());
  }
  return undefined;
}

function childOf(node: TreeNode | undefined, name: string): TreeNode | undefined {
  return node?.kind === 'directory' ? node.children.get(name) : undefined;
}
