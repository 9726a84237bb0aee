import { StringDecoder } from 'node:string_decoder';
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

/** Splits a byte stream into lines for a log. */
export interface LineSplitter {
  /** False when the log is full. */
  write(chunk: Uint8Array): boolean;
  /** Reports what is left without a line end. */
  end(): boolean;
}

/** A splitter that holds at most one piece of a line: UTF-8, ended by LF or CRLF; what is not UTF-8 is replaced. */
export function splitLines(log: PluginLog, level: LogEvent['level'], longest: number): LineSplitter {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  const emit = (line: string): boolean => log.message(level, line.endsWith('\r') ? line.slice(0, -1) : line);
  return {
    write(chunk) {
      rest += decoder.write(chunk as Buffer);
      for (let end = rest.indexOf('\n'); end !== -1; end = rest.indexOf('\n')) {
        if (!emit(rest.slice(0, end))) return false;
        rest = rest.slice(end + 1);
      }
      if (rest.length < longest) return true;
      const piece = rest;
      rest = '';
      return emit(piece);
    },
    end() {
      rest += decoder.end();
      return rest === '' || emit(rest);
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
