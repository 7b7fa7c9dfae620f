/** Follows GET /api/v1/streams: what the wall needs of it, read with care. */
import { streamStates } from '../../stream/states.ts';
import type { StreamState } from '../../stream/states.ts';
import { problemFrom } from '../refusal.ts';
import type { Signalling } from '../signalling.ts';

export interface WallStream {
  readonly name: string;
  readonly title: string;
  readonly site: string | undefined;
  readonly state: StreamState;
  readonly reason: string | undefined;
  /** What is wrong with its pictures although they arrive: names of the table of flags. */
  readonly flags: readonly string[];
  readonly warnings: readonly string[];
  /** Relay clock, Unix ms. */
  readonly lastFrameMs: number | undefined;
}

export type Poll =
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'streams'; readonly nowMs: number; readonly streams: readonly WallStream[] }
  | { readonly kind: 'trouble'; readonly sentence: string };

const POLL_TIMEOUT_MS = 5000;
const unreachable = 'The relay cannot be reached; trying again. Pictures that still move are live.';

export class StreamList {
  readonly #url: string;
  readonly #signal: Signalling;
  readonly #headers: Readonly<Record<string, string>>;
  #etag: string | null = null;

  constructor(url: string, signal: Signalling, headers: Readonly<Record<string, string>>) {
    this.#url = url;
    this.#signal = signal;
    this.#headers = headers;
  }

  /** Never rejects. */
  async poll(): Promise<Poll> {
    try {
      const response = await this.#signal({
        method: 'GET',
        url: this.#url,
        headers: { ...this.#headers, ...(this.#etag === null ? {} : { 'If-None-Match': this.#etag }) },
        signal: AbortSignal.timeout(POLL_TIMEOUT_MS),
      });
      if (response.status === 304) return { kind: 'unchanged' };
      if (response.status !== 200)
        return { kind: 'trouble', sentence: troubleOf(response.status, response.body) };
      const list = streamListFrom(response.body);
      if (list === undefined)
        return { kind: 'trouble', sentence: 'What answers here is not the relay; trying again.' };
      this.#etag = response.header('ETag');
      return { kind: 'streams', ...list };
    } catch {
      return { kind: 'trouble', sentence: unreachable };
    }
  }
}

function troubleOf(status: number, body: string): string {
  if (status === 502 || status === 504) return unreachable;
  return problemFrom(body).sentence ?? `The relay answered with status ${status}; trying again.`;
}

/** Undefined when it is no list; entries without a name are left out, anything else that is missing has a default. */
export function streamListFrom(
  body: string,
): { readonly nowMs: number; readonly streams: readonly WallStream[] } | undefined {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return undefined;
  }
  const streams = field(value, 'streams');
  if (!Array.isArray(streams)) return undefined;
  const found = new Map<string, WallStream>();
  for (const entry of streams) {
    const name = text(entry, 'name');
    if (name !== undefined) found.set(name, wallStream(name, entry));
  }
  return { nowMs: number(value, 'nowMs') ?? 0, streams: [...found.values()] };
}

function wallStream(name: string, entry: unknown): WallStream {
  const state = text(entry, 'state');
  const warnings = field(entry, 'warnings');
  return {
    name,
    title: text(entry, 'title') ?? name,
    site: text(entry, 'site'),
    state: isStreamState(state) ? state : 'connecting',
    reason: text(entry, 'reason'),
    flags: flagsOf(field(entry, 'picture')),
    warnings: Array.isArray(warnings) ? warnings.flatMap((warning) => text(warning, 'message') ?? []) : [],
    lastFrameMs: number(entry, 'lastFrameMs'),
  };
}

/** `{frozen: true, black: false, ..., brightness: 0.4}`, or null while nobody has looked at the picture. */
function flagsOf(picture: unknown): readonly string[] {
  if (typeof picture !== 'object' || picture === null) return [];
  return Object.entries(picture).flatMap(([flag, holds]) => (holds === true ? flag : []));
}

export function isStreamState(value: string | undefined): value is StreamState {
  return value !== undefined && Object.hasOwn(streamStates, value);
}

export function field(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
}

export function text(value: unknown, key: string): string | undefined {
  const found = field(value, key);
  return typeof found === 'string' && found !== '' ? found : undefined;
}

export function number(value: unknown, key: string): number | undefined {
  const found = field(value, key);
  return typeof found === 'number' && Number.isFinite(found) ? found : undefined;
}
