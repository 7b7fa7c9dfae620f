/** Options for fast-check: as many runs as fit the box, a short one at the desk and a longer one in CI. */
export const timeBox = {
  interruptAfterTimeLimit: process.env['CI'] ? 2500 : 1000,
  numRuns: Number.MAX_SAFE_INTEGER,
  markInterruptAsFailure: false,
} as const;

/** The same where each run is dear or the input simple: some hundreds of runs are enough. */
export const shortTimeBox = { ...timeBox, interruptAfterTimeLimit: process.env['CI'] ? 1000 : 300 } as const;
