/** RFC 9457 (problem details) and RFC 9110 10.2.3 (Retry-After in seconds; HTTP dates are not read: the relay sends none). */
import type { TileState } from '../stream/states.ts';

/** Why a tile is not live. The sentence is for people; the code is the relay's stable one, where it gave one. */
export interface Refusal {
  readonly tile: TileState;
  readonly code: string | undefined;
  /** With `over-capacity`: which limit. */
  readonly reason?: string | undefined;
  readonly sentence: string;
  readonly retryAfterMs: number;
  /** The relay itself is away, stopping or too busy: it would tell every other tile the same. */
  readonly isOfRelay?: boolean;
}

const LONGEST_RETRY_AFTER_SECONDS = 600;

/** What an answer other than 201 means for the tile. Any status, header and body: never throws. */
export function refusalFrom(status: number, retryAfter: string | null, body: string): Refusal {
  const problem = problemFrom(body);
  const tile = tileOf(status, problem.code);
  return {
    tile,
    code: problem.code,
    reason: problem.reason,
    sentence: problem.sentence ?? sentenceOf(status, tile),
    retryAfterMs: retryAfterMs(retryAfter),
    isOfRelay: isOfRelay(status, problem.code),
  };
}

function tileOf(status: number, code: string | undefined): TileState {
  if (status === 401 || status === 403) return 'denied';
  if (status === 429 || code === 'over-capacity') return 'over-capacity';
  return 'offline';
}

/**
 * Answers of 500 or more that speak of one stream. A full relay gives one too: every tile learns of it within seconds, and asks
 * again after its own Retry-After, which differs from tile to tile.
 */
const ofOneStream: ReadonlySet<string | undefined> = new Set([
  'internal',
  'over-capacity',
  'stream-not-ready',
]);

/** Without a code of the relay's it was a proxy, whatever it is that it misses. */
function isOfRelay(status: number, code: string | undefined): boolean {
  return status === 429 || (status >= 500 && !ofOneStream.has(code));
}

function sentenceOf(status: number, tile: TileState): string {
  if (tile === 'denied') return 'Not allowed to watch this stream.';
  if (tile === 'over-capacity') return 'The relay is full; trying again later.';
  if (status === 404) return 'The relay has no such stream.';
  if (status === 502 || status === 504) return 'The relay cannot be reached.';
  return `The relay answered with status ${status}.`;
}

function retryAfterMs(header: string | null): number {
  if (header === null || !/^\d{1,9}$/.test(header.trim())) return 0;
  return Math.min(LONGEST_RETRY_AFTER_SECONDS, Number(header)) * 1000;
}

interface Problem {
  readonly code: string | undefined;
  readonly reason: string | undefined;
  readonly sentence: string | undefined;
}

/** `code`, `reason` and `detail` (or `title`) of a problem+json body; all undefined when it is none. */
export function problemFrom(body: string): Problem {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return { code: undefined, reason: undefined, sentence: undefined };
  }
  return {
    code: text(value, 'code', 60),
    reason: text(value, 'reason', 60),
    sentence: text(value, 'detail', 300) ?? text(value, 'title', 300),
  };
}

function text(value: unknown, key: string, limit: number): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const found: unknown = Reflect.get(value, key);
  return typeof found === 'string' && found !== '' ? found.slice(0, limit) : undefined;
}
