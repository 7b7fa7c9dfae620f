import { setTimeout as delay } from 'node:timers/promises';

export type Figure =
  number | string | boolean | null | readonly Figure[] | { readonly [key: string]: Figure };

/**
 * Runs one bench: its figures become the last line of output, one JSON object. It fails when it takes longer than
 * `limitSeconds`. Whatever it started ends with this process.
 */
export async function runBench(limitSeconds: number, bench: () => Promise<Figure>): Promise<never> {
  const late = delay(limitSeconds * 1000, undefined, { ref: false }).then(() => {
    throw new Error(`the bench took longer than ${limitSeconds} s`);
  });
  try {
    const figures = await Promise.race([bench(), late]);
    console.log(JSON.stringify(figures));
    process.exit(0);
  } catch (error) {
    console.error(error instanceof Error ? error.stack : error);
    process.exit(1);
  }
}

/** Progress for people; the figures themselves are the last line. */
export function say(text: string): void {
  console.log(text);
}
