/** Property tests stop after this long, whatever they have tried by then. */
export const timeBox = { interruptAfterTimeLimit: 1000, numRuns: 100_000, endOnFailure: true };
/** The same where some hundreds of runs are enough. */
export const shortTimeBox = { ...timeBox, interruptAfterTimeLimit: 300 };
