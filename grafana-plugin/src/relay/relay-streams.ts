/** GET /api/v1/streams, read with care: entries without a name are left out, anything else has a default. */
import { streamStates } from '@sightline/media-relay/client';
import type { StreamState } from '@sightline/media-relay/client';
import { list, number, record, text, value } from './read-json.ts';

export interface RelayStream {
  readonly name: string;
  readonly title: string;
  readonly site: string | undefined;
  readonly labels: Readonly<Record<string, string>>;
  readonly state: StreamState;
  readonly reason: string | undefined;
  readonly reasonCode: string | undefined;
  readonly warnings: readonly RelayWarning[];
  /** Flags of the picture: `frozen`, `black`, ... */
  readonly flags: readonly string[];
  readonly videoCodec: string | undefined;
  readonly audioCodec: string | undefined;
  readonly width: number | undefined;
  readonly height: number | undefined;
  readonly framesPerSecond: number;
  readonly bitrateBps: number;
  readonly viewers: number;
  /** Relay clock, Unix ms. */
  readonly lastFrameMs: number | undefined;
}

export interface RelayWarning {
  readonly code: string;
  /** A sentence with a remedy. */
  readonly message: string;
}

export interface RelayStreams {
  /** The relay's clock, Unix ms. */
  readonly nowMs: number;
  readonly streams: readonly RelayStream[];
}

/** Undefined when it is no list of streams. */
export function relayStreamsFrom(body: string): RelayStreams | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    return undefined;
  }
  const entries = list(parsed, 'streams');
  if (entries === undefined) return undefined;
  const found = new Map<string, RelayStream>();
  for (const entry of entries) {
    const name = text(entry, 'name');
    if (name !== undefined) found.set(name, relayStream(name, entry));
  }
  return { nowMs: number(parsed, 'nowMs') ?? Date.now(), streams: [...found.values()] };
}

function relayStream(name: string, entry: unknown): RelayStream {
  const state = text(entry, 'state');
  return {
    name,
    title: text(entry, 'title') ?? name,
    site: text(entry, 'site'),
    labels: record(value(entry, 'labels')),
    state: isStreamState(state) ? state : 'connecting',
    reason: text(entry, 'reason'),
    reasonCode: text(entry, 'reasonCode'),
    warnings: (list(entry, 'warnings') ?? []).flatMap((warning) => {
      const message = text(warning, 'message');
      return message === undefined ? [] : { code: text(warning, 'code') ?? '', message };
    }),
    flags: flagsOf(value(entry, 'picture')),
    videoCodec: text(entry, 'videoCodec'),
    audioCodec: text(entry, 'audioCodec'),
    width: number(entry, 'width'),
    height: number(entry, 'height'),
    framesPerSecond: number(entry, 'framesPerSecond') ?? 0,
    bitrateBps: number(entry, 'bitrateBps') ?? 0,
    viewers: number(entry, 'viewers') ?? 0,
    lastFrameMs: number(entry, 'lastFrameMs'),
  };
}

/** `{frozen: true, black: false, ..., brightness: 0.4}`, or null while nobody has looked at the picture. */
function flagsOf(picture: unknown): readonly string[] {
  if (typeof picture !== 'object' || picture === null) return [];
  return Object.entries(picture).flatMap(([flag, holds]) => (holds === true ? flag : []));
}

function isStreamState(state: string | undefined): state is StreamState {
  return state !== undefined && Object.hasOwn(streamStates, state);
}
