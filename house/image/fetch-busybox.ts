import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { imageCache, type Target } from './target.ts';

const PACKAGE = 'busybox-static';

/**
 * Puts Debian's static busybox for an architecture into `root` as `/busybox`, and its licence with the name of its source
 * below `/licenses/busybox`. apt fetches and verifies it from the mirrors of this machine, in directories of its own, so
 * that neither root nor a foreign architecture of the machine is needed.
 */
export function fetchBusybox({ architecture }: Target, root: string): void {
  const apt = aptFor(architecture);
  apt(['update', '-qq'], imageCache);
  const directory = mkdtempSync(join(imageCache, 'busybox-'));
  try {
    apt(['download', '-qq', PACKAGE], directory);
    const [file] = readdirSync(directory);
    if (file === undefined) throw new Error(`apt has no ${PACKAGE} for ${architecture}`);
    const archive = join(directory, file);
    const content = join(directory, 'content');
    execFileSync('dpkg-deb', ['-x', archive, content]);
    copyFileSync(join(content, 'bin', 'busybox'), join(root, 'busybox'));
    const licences = join(root, 'licenses', 'busybox');
    mkdirSync(licences, { recursive: true });
    copyFileSync(join(content, 'usr', 'share', 'doc', PACKAGE, 'copyright'), join(licences, 'copyright'));
    writeFileSync(join(licences, 'SOURCE.txt'), sourceNote(archive));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function aptFor(architecture: string): (args: readonly string[], cwd: string) => void {
  const state = join(imageCache, `apt-${architecture}`);
  for (const name of ['lists/partial', 'cache/archives/partial']) mkdirSync(join(state, name), { recursive: true });
  const options = [
    `Dir::State=${state}`,
    `Dir::State::lists=${join(state, 'lists')}`,
    'Dir::State::status=/dev/null',
    `Dir::Cache=${join(state, 'cache')}`,
    `APT::Architecture=${architecture}`,
    `APT::Architectures=${architecture}`,
    'APT::Sandbox::User=',
    'Acquire::Languages=none',
    'Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false',
  ].flatMap((option) => ['-o', option]);
  return (args, cwd) => {
    execFileSync('apt-get', [...options, ...args], { cwd, stdio: ['ignore', 'ignore', 'inherit'] });
  };
}

/** Where the source of what was linked together is: busybox is under the GPL, the C library in it under the LGPL. */
function sourceNote(archive: string): string {
  const field = (name: string): string => execFileSync('dpkg-deb', ['-f', archive, name], { encoding: 'utf8' }).trim();
  const source = field('Source') || PACKAGE;
  return [
    `/busybox is the program of Debian's package ${PACKAGE} ${field('Version')} (${field('Architecture')}), unchanged.`,
    `Its source: ${source}. Linked into it: ${field('Built-Using')}.`,
    'Debian keeps every version of both at https://snapshot.debian.org, by name and version.',
    '',
  ].join('\n');
}
