/** The part of node:test's `TestContext` that the doubles use: what they start, they stop after the test. */
export interface Cleanup {
  after(work: () => void | Promise<void>): void;
}
