/** What one figure must be, as the bench that measures it states. */
export type Must =
  { readonly atMost: number } | { readonly atLeast: number } | { readonly exactly: number | boolean };

export const atMost = (value: number): Must => ({ atMost: value });
export const atLeast = (value: number): Must => ({ atLeast: value });
export const exactly = (value: number | boolean): Must => ({ exactly: value });

/** Musts by the keys of the figures; of a list, by place. A figure without one may be what it likes. */
export type Musts<F> = F extends number | boolean
  ? Must
  : F extends readonly (infer Element)[]
    ? readonly Musts<Element>[]
    : F extends object
      ? { readonly [K in keyof F]?: Musts<NonNullable<F[K]>> }
      : never;

/** One line per miss. A figure that is missing, null or not a number misses whatever it must be. */
export function missesOf<F>(figures: F, musts: Musts<F>): string[] {
  return misses(figures, musts, []);
}

function misses(figure: unknown, must: unknown, path: readonly string[]): string[] {
  if (!isRecord(must)) return [];
  if (isMust(must)) {
    const miss = missOf(figure, must);
    return miss === undefined ? [] : [`${path.join('.')} ${miss}`];
  }
  return Object.entries(must).flatMap(([key, inner]) =>
    misses(isRecord(figure) ? figure[key] : undefined, inner, [...path, key]),
  );
}

function missOf(figure: unknown, must: Must): string | undefined {
  if ('exactly' in must)
    return figure === must.exactly
      ? undefined
      : `is ${shown(figure)}, must be ${must.exactly}${by(figure, must.exactly)}`;
  if ('atMost' in must)
    return typeof figure === 'number' && figure <= must.atMost
      ? undefined
      : `is ${shown(figure)}, must be at most ${must.atMost}${by(figure, must.atMost)}`;
  return typeof figure === 'number' && figure >= must.atLeast
    ? undefined
    : `is ${shown(figure)}, must be at least ${must.atLeast}${by(figure, must.atLeast)}`;
}

function shown(figure: unknown): string {
  if (figure === undefined) return 'missing';
  return typeof figure === 'number' ? String(figure) : JSON.stringify(figure);
}

function by(figure: unknown, value: number | boolean): string {
  if (typeof figure !== 'number' || Number.isNaN(figure) || typeof value !== 'number') return '';
  return ` (misses by ${Number(Math.abs(figure - value).toPrecision(3))})`;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function isMust(value: object): value is Must {
  return 'atMost' in value || 'atLeast' in value || 'exactly' in value;
}
