/** Options for fast-check: as many runs as fit the box, a short one at the desk and a longer one in CI. */
export const timeBox = {
  interruptAfterTimeLimit: process.env['CI'] ? 4000 : 1000,
  numRuns: Number.MAX_SAFE_INTEGER,
  markInterruptAsFailure: false,
} as const;
