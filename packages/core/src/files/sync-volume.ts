/**
 * Makes everything written so far to the file system that holds `path` durable, by the system's own `sync -f` (syncfs),
 * which Node does not offer. False where there is no such command; then files have to be synced one by one.
 */
export async function syncVolume(path: string): Promise<boolean> {
  if (process.platform !== 'linux') return false;
  const { spawn } = await import('node:child_process');
  return await new Promise((resolve) => {
    const child = spawn('sync', ['-f', '--', path], { stdio: 'ignore', env: { PATH: process.env['PATH'] } });
    child.on('error', () => resolve(false));
    child.on('exit', (code) => resolve(code === 0));
  });
}
