/**
 * Lines for people, in the original's words. `line` is printed to stdout as it is, a leading line break or tab included
 * and a line break added; `warn` as well: the original prefixes its warnings itself.
 */
export interface LogSink {
  line(text: string): void;
  warn(text: string): void;
}
