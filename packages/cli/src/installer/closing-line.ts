import type { InstallReport, PluginReport } from '@gantry/backstage';
import { formatBytes, formatDuration } from '../output/quantity.ts';

const STATES = ['installed', 'unchanged', 'removed', 'skipped', 'disabled', 'failed'] as const;

/** How a dry run says it. */
const TO_DO: Readonly<Partial<Record<PluginReport['state'], string>>> = {
  installed: 'to install',
  removed: 'to remove',
};

/** One line about the whole: plugins, bytes, requests, time. */
export function closingLine({ plugins, bytes, requests, seconds, estimate }: InstallReport): string {
  const counts = STATES.map((state) => [plugins.filter((plugin) => plugin.state === state).length, state] as const);
  const words = estimate === undefined ? {} : TO_DO;
  const states = counts.filter(([count]) => count > 0).map(([count, state]) => `${count} ${words[state] ?? state}`);
  const parts = [
    `${plugins.length} plugin${plugins.length === 1 ? '' : 's'}${states.length === 0 ? '' : ` (${states.join(', ')})`}`,
    `${formatBytes(bytes)} in ${requests} request${requests === 1 ? '' : 's'}`,
    formatDuration(seconds * 1000),
  ];
  const line = `\n======= ${parts.join(', ')}`;
  if (estimate === undefined) return line;
  const { download, disk } = estimate;
  return `${line}\n======= Dry run: nothing was changed. Installing would download ${formatBytes(download)} and take about ${formatBytes(disk)} of disk`;
}
