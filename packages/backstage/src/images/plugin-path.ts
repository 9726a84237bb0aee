/** Names at the first level of the root that are not for plugins. */
const RESERVED =
  /^(?:\.gantry-.*|\.catalog-index-temp|lost\+found|install-dynamic-plugins\.lock|dynamic-plugins\.lock|app-config\.dynamic-plugins\.yaml)$/;

const MAX_NAME_BYTES = 255;

/**
 * Why a path cannot be the directory of a plugin inside an image; undefined when it can. Backstage loads from the first level
 * of the root only, so it is one segment.
 */
export function pluginPathProblem(path: string): string | undefined {
  if (path === '') return 'Invalid plugin path (empty)';
  if (path.startsWith('/')) return `Invalid plugin path (absolute): ${path}`;
  if (path.split('/').some((segment) => segment === '' || segment === '.' || segment === '..')) {
    return `Invalid plugin path (path traversal detected): ${path}`;
  }
  if (path.includes('/')) return `Invalid plugin path (Backstage does not load nested directories): ${path}`;
  if (/[\u0000-\u001f\u007f-\u009f\\]/.test(path))
    return `Invalid plugin path (not a plain name): ${JSON.stringify(path)}`;
  if (Buffer.byteLength(path) > MAX_NAME_BYTES) return `Invalid plugin path (too long): ${path.slice(0, 40)}…`;
  if (RESERVED.test(path)) return `Invalid plugin path (kept for the installer): ${path}`;
  return undefined;
}
