import { StringDecoder } from 'node:string_decoder';

/** Splits a byte stream into lines for a log. False from `report` means that the log is full. */
export interface LineSplitter {
  /** False when the log is full. */
  write(chunk: Uint8Array): boolean;
  /** Reports what is left without a line end. */
  end(): boolean;
}

/** A splitter that holds at most one piece of a line: UTF-8, ended by LF or CRLF; what is not UTF-8 is replaced. */
export function splitLines(longest: number, report: (line: string) => boolean): LineSplitter {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  const emit = (line: string): boolean => report(line.endsWith('\r') ? line.slice(0, -1) : line);
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
