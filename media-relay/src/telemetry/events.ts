import { createHash } from 'node:crypto';
import { mkdir, open, rename, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

import { z } from 'zod';

import type { EngineEvent } from '../engine/messages.ts';
import type { Clock } from '../media/clock.ts';
import { toUnixMs, unixNow } from '../media/clock.ts';
import type { PictureFlag } from '../stream/states.ts';

/** Everything that is kept. The set is stable API, and bounded. */
export const relayEventKinds = [
  'relay-start',
  'relay-stop',
  'config-change',
  'config-error',
  'engine-restart',
  'stream-up',
  'stream-down',
  'stream-stalled',
  'stream-refused',
  'stream-warning',
  'reconnect',
  'viewer-joined',
  'viewer-left',
  'picture-frozen',
  'picture-black',
  'picture-overexposed',
  'picture-underexposed',
  'picture-blurred',
] as const;
export type RelayEventKind = (typeof relayEventKinds)[number];

/** What the main thread reports; the engine reports EngineEvents. */
export type OwnEvent =
  | { readonly kind: 'relay-start'; readonly version: string }
  | { readonly kind: 'relay-stop'; readonly reason: string }
  | {
      readonly kind: 'config-change';
      readonly added: readonly string[];
      readonly removed: readonly string[];
      readonly changed: readonly string[];
    }
  | { readonly kind: 'config-error'; readonly message: string }
  /** A media thread died and is followed by another; sessions of its streams are over. */
  | { readonly kind: 'engine-restart'; readonly thread: number; readonly reason: string }
  | { readonly kind: `picture-${PictureFlag}`; readonly stream: string; readonly on: boolean };

/** As kept and shown, `atMs` in Unix time. A session's id lets its holder end the session, so viewers appear by a hash of it. */
export type RelayEvent =
  | ({ readonly atMs: number } & OwnEvent)
  | Exclude<EngineEvent, { sessionId: string }>
  | {
      readonly atMs: number;
      readonly stream: string;
      readonly kind: 'viewer-joined' | 'viewer-left';
      readonly viewer: string;
      readonly reason?: string | undefined;
    };

export interface EventFilter {
  readonly fromMs?: number | undefined;
  /** Inclusive. */
  readonly toMs?: number | undefined;
  readonly stream?: string | undefined;
  readonly type?: RelayEventKind | undefined;
  /** The newest so many; default 100. */
  readonly limit?: number | undefined;
  /** Asked for each event that has a stream. */
  readonly maySee?: (stream: string) => boolean;
}

export interface EventLogOptions {
  /** JSON lines; undefined keeps events in memory only. */
  readonly path: string | undefined;
  readonly capacity?: number;
  readonly clock: Clock;
  readonly warn: (message: string) => void;
}

/** In the state directory. */
export const eventsFileName = 'events.jsonl';

const defaultCapacity = 10_000;
const maxQueuedLines = 2_000;
const retryMs = 5_000;
const maxFileBytes = 32 * 1024 * 1024;

const storedSchema = z.looseObject({
  atMs: z.number(),
  kind: z.enum(relayEventKinds),
  stream: z.string().optional(),
});

/**
 * The last events, kept over restarts: a ring in memory and an append-only file behind it. Recording never waits and
 * never fails; when the disk is slow or full the file falls behind, the ring does not, and the file is written anew from
 * the ring as soon as it can be.
 */
export class EventLog {
  readonly #path: string | undefined;
  readonly #capacity: number;
  readonly #clock: Clock;
  readonly #warn: (message: string) => void;
  /** Oldest first; cut when it is twice as long as it may be shown. */
  #events: RelayEvent[] = [];
  #queue: string[] = [];
  #linesInFile = 0;
  #mustRewrite = false;
  #hasWarned = false;
  #isClosed = false;
  /** After a failure: no disk access before this moment of performance.now(). */
  #retryAt = 0;
  #writing: Promise<void> | undefined;

  /** Reads what an earlier run left; a file that cannot be read costs the history, not the start. */
  static async open(options: EventLogOptions): Promise<EventLog> {
    const log = new EventLog(options);
    await log.#load();
    return log;
  }

  private constructor({ path, capacity = defaultCapacity, clock, warn }: EventLogOptions) {
    this.#path = path;
    this.#capacity = capacity;
    this.#clock = clock;
    this.#warn = warn;
  }

  record(event: OwnEvent): void {
    this.#keep({ atMs: unixNow(this.#clock), ...event });
  }

  /** Its moment is one of the relay's clock. */
  recordEngine(event: EngineEvent): void {
    const atMs = toUnixMs(event.atMs, this.#clock);
    if (!('sessionId' in event)) return this.#keep({ ...event, atMs });
    const { stream, kind, sessionId, reason } = event;
    const viewer = createHash('sha256').update(sessionId).digest('hex').slice(0, 12);
    this.#keep({ atMs, stream, kind, viewer, ...(reason === undefined ? {} : { reason }) });
  }

  /** Oldest first. */
  query(filter: EventFilter = {}): RelayEvent[] {
    const { limit = 100 } = filter;
    const found: RelayEvent[] = [];
    const oldest = Math.max(0, this.#events.length - this.#capacity);
    for (let index = this.#events.length - 1; index >= oldest && found.length < limit; index--) {
      const event = this.#events[index];
      if (event !== undefined && fits(event, filter)) found.push(event);
    }
    return found.reverse();
  }

  /** Resolves when everything recorded so far is in the file, or could not be written. */
  async flush(): Promise<void> {
    await this.#write();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.flush();
  }

  #keep(event: RelayEvent): void {
    const clean = withoutSecrets(event);
    this.#events.push(clean);
    if (this.#events.length >= 2 * this.#capacity)
      this.#events.splice(0, this.#events.length - this.#capacity);
    if (this.#path === undefined || this.#isClosed) return;

    if (this.#queue.length < maxQueuedLines) {
      this.#queue.push(JSON.stringify(clean));
    } else {
      this.#queue = [];
      this.#mustRewrite = true;
    }
    void this.#write();
  }

  /** One writer at a time; what arrives meanwhile is one more turn. */
  #write(): Promise<void> {
    this.#writing ??= this.#drain().finally(() => {
      this.#writing = undefined;
      // After a failure the next event asks again: until then one turn would follow the other without a pause.
      if (this.#queue.length > 0 && performance.now() >= this.#retryAt) void this.#write();
    });
    return this.#writing;
  }

  async #drain(): Promise<void> {
    const path = this.#path;
    if (path === undefined || performance.now() < this.#retryAt) return;
    try {
      while (this.#queue.length > 0 || this.#mustRewrite) {
        if (this.#mustRewrite || this.#linesInFile + this.#queue.length > 2 * this.#capacity) {
          await this.#rewrite(path);
        } else {
          await this.#append(path);
        }
      }
      this.#hasWarned = false;
    } catch (error) {
      // A write may have torn a line, so the next one starts afresh from the ring.
      this.#mustRewrite = true;
      this.#queue = [];
      this.#retryAt = performance.now() + retryMs;
      if (!this.#hasWarned) this.#warn(`events are not kept on disk: ${messageOf(error)}`);
      this.#hasWarned = true;
    }
  }

  async #append(path: string): Promise<void> {
    const lines = this.#queue;
    this.#queue = [];
    await using file = await open(path, 'a', 0o600);
    await file.appendFile(`${lines.join('\n')}\n`);
    this.#linesInFile += lines.length;
  }

  async #rewrite(path: string): Promise<void> {
    const lines = this.#events.slice(-this.#capacity).map((event) => JSON.stringify(event));
    this.#queue = [];
    this.#mustRewrite = false;
    const temporary = `${path}.new`;
    {
      await using file = await open(temporary, 'w', 0o600);
      await file.writeFile(lines.map((line) => `${line}\n`).join(''));
    }
    await rename(temporary, path);
    this.#linesInFile = lines.length;
  }

  async #load(): Promise<void> {
    if (this.#path === undefined) return;
    try {
      await mkdir(dirname(this.#path), { recursive: true, mode: 0o700 });
      const text = await readTail(this.#path);
      const lines = text.split('\n');
      const torn = lines.pop() !== '';
      const events = lines.map(parseLine).filter((event) => event !== undefined);
      this.#events = events.slice(-this.#capacity);
      this.#linesInFile = lines.length;
      this.#mustRewrite = (torn && text !== '') || events.length !== lines.length;
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return;
      this.#mustRewrite = true;
      this.#warn(`earlier events cannot be read: ${messageOf(error)}`);
    }
  }
}

async function readTail(path: string): Promise<string> {
  const { size } = await stat(path);
  const length = Math.min(size, maxFileBytes);
  const bytes = Buffer.alloc(length);
  await using file = await open(path, 'r');
  const { bytesRead } = await file.read(bytes, 0, length, size - length);
  return bytes.toString('utf8', 0, bytesRead);
}

/** Undefined for a torn or foreign line. */
function parseLine(line: string): RelayEvent | undefined {
  try {
    const parsed = storedSchema.safeParse(JSON.parse(line));
    // Only what an event of this kind always has is relied upon; the rest is shown as it is.
    return parsed.success ? (parsed.data as unknown as RelayEvent) : undefined;
  } catch {
    return undefined;
  }
}

function fits(event: RelayEvent, { fromMs, toMs, stream, type, maySee }: EventFilter): boolean {
  const about = 'stream' in event ? event.stream : undefined;
  if (fromMs !== undefined && event.atMs < fromMs) return false;
  if (toMs !== undefined && event.atMs > toMs) return false;
  if (stream !== undefined && about !== stream) return false;
  if (type !== undefined && event.kind !== type) return false;
  return about === undefined || maySee === undefined || maySee(about);
}

const maxTextLength = 500;

function withoutSecrets(event: RelayEvent): RelayEvent {
  const entries = Object.entries(event).map(([key, value]: [string, unknown]) => [
    key,
    typeof value === 'string' ? withoutCredentials(value).slice(0, maxTextLength) : value,
  ]);
  return Object.fromEntries(entries) as RelayEvent;
}

/**
 * A sentence without user names and passwords of URLs and without secret query values. Those who write messages leave
 * them out; this is for the day when somebody forgot.
 */
export function withoutCredentials(text: string): string {
  return text
    .slice(0, 8 * maxTextLength)
    .replace(/\b([a-z][a-z0-9+.-]{0,20}:\/\/)\S*@/gi, '$1')
    .replace(/([?&;][^=&\s]{0,30}(?:token|passw|pwd|secret|auth|key)[^=&\s]{0,30}=)[^&\s"'<>]*/gi, '$1***');
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : 'unknown error';
}
