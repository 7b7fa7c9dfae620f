/** The relay's clock: Unix time in milliseconds (fractions included) that never steps back while we run. */
export type Clock = () => number;

export const systemClock: Clock = () => performance.timeOrigin + performance.now();
