/** Ids of the runs of this process that have not ended: a file of this process that is not among them was left behind. */
export const heldHere: Set<string> = new Set();
