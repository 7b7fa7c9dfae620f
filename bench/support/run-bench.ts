import { setTimeout as delay } from 'node:timers/promises';
import { missesOf, type Musts } from './musts.ts';

export type Figure =
  number | string | boolean | null | readonly Figure[] | { readonly [key: string]: Figure };

/**
 * Runs one bench: its figures become the last line of output, one JSON object. It fails when a figure misses what it
 * `musts` be (one line for each before the JSON), and when it takes longer than `limitSeconds`. Whatever it started ends with
 * this process.
 */
export async function runBench<F extends Figure>(
  limitSeconds: number,
  musts: Musts<NoInfer<F>> | ((figures: NoInfer<F>) => Musts<NoInfer<F>>),
  bench: () => Promise<F>,
): Promise<never> {
  const late = delay(limitSeconds * 1000, undefined, { ref: false }).then(() => {
    throw new Error(`the bench took longer than ${limitSeconds} s`);
  });
  try {
    const figures = await Promise.race([bench(), late]);
    const stated = typeof musts === 'function' ? musts(figures) : musts;
    const misses = missesOf(figures, stated);
    for (const miss of misses) console.log(`MISS ${miss}`);
    console.log(JSON.stringify(figures));
    process.exit(misses.length > 0 ? 1 : 0);
  } catch (error) {
    console.error(error instanceof Error ? error.stack : error);
    process.exit(1);
  }
}

/** Progress for people; the figures themselves are the last line. */
export function say(text: string): void {
  console.log(text);
}
