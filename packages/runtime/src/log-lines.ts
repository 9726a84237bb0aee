import { escapeRemote, type LogEvent, type Op } from '@gantry/oci';
import { runtimeLimits } from './runtime-limits.ts';

/** Where a plugin's log lines go, counted. */
export interface PluginLog {
  /** Reports one message, in pieces when it is longer than a line may be. False when the log is full: end the plugin. */
  message(level: LogEvent['level'], text: string): boolean;
}

/** The log of one call: lines become events of `op`; more than `pluginLogBytes` of them is too much. */
export function openLog(plugin: string, op: Op | undefined): PluginLog {
  const limit = runtimeLimits(op, 'pluginLogBytes');
  const longest = runtimeLimits(op, 'pluginLogLineBytes');
  let bytes = 0;
  return {
    message(level, text) {
      bytes += Buffer.byteLength(text) + 1;
      if (bytes > limit) return false;
      for (let start = 0; start < text.length || start === 0; start += longest) {
        op?.onEvent?.({ type: 'log', plugin, level, message: printable(text.slice(start, start + longest)) });
      }
      return true;
    },
  };
}

/** Tabs are harmless and common in logs; every other control character is made visible. */
function printable(text: string): string {
  return text
    .split('\t')
    .map((part) => escapeRemote(part, Number.POSITIVE_INFINITY))
    .join('\t');
}
