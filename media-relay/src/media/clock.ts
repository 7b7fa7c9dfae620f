/** The relay's clock: Unix time in milliseconds (fractions included) that never steps back while we run. */
export type Clock = () => number;

const { timeOrigin } = performance;

export const systemClock: Clock = () => timeOrigin + performance.now();
