/** GET /api/v1/events as a frame that serves as a table and as annotations. */
import { FieldType } from '@grafana/data';
import type { DataFrame } from '@grafana/data';
import { list, number, text } from '../relay/read-json.ts';

export interface RelayEvent {
  /** Unix ms. */
  readonly atMs: number;
  readonly kind: string;
  readonly stream: string | undefined;
  readonly sentence: string;
}

/** Undefined when it is no list of events. */
export function eventsFrom(body: string): readonly RelayEvent[] | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    return undefined;
  }
  return list(parsed, 'events')?.flatMap((entry) => {
    const atMs = number(entry, 'atMs');
    const kind = text(entry, 'kind');
    if (atMs === undefined || kind === undefined) return [];
    return { atMs, kind, stream: text(entry, 'stream'), sentence: sentenceOf(entry) };
  });
}

/** What the event says beyond its kind: reason, message, names. */
function sentenceOf(entry: unknown): string {
  for (const key of ['reason', 'message', 'detail', 'warning']) {
    const found = text(entry, key);
    if (found !== undefined) return found;
  }
  const changes = ['added', 'removed', 'changed'].flatMap((key) => {
    const names = (list(entry, key) ?? []).filter((name) => typeof name === 'string');
    return names.length > 0 ? `${key}: ${names.join(', ')}` : [];
  });
  return changes.join('; ');
}

export function eventFrame(refId: string, events: readonly RelayEvent[]): DataFrame {
  return {
    refId,
    name: 'events',
    length: events.length,
    fields: [
      { name: 'time', type: FieldType.time, config: {}, values: events.map((event) => event.atMs) },
      { name: 'title', type: FieldType.string, config: {}, values: events.map(titleOf) },
      { name: 'text', type: FieldType.string, config: {}, values: events.map((event) => event.sentence) },
      {
        name: 'tags',
        type: FieldType.other,
        config: {},
        values: events.map(({ kind, stream }) => (stream === undefined ? [kind] : [kind, stream])),
      },
      { name: 'kind', type: FieldType.string, config: {}, values: events.map((event) => event.kind) },
      {
        name: 'stream',
        type: FieldType.string,
        config: {},
        values: events.map((event) => event.stream ?? null),
      },
    ],
  };
}

function titleOf({ kind, stream }: RelayEvent): string {
  const words = kind.replaceAll('-', ' ');
  return stream === undefined ? words : `${stream}: ${words}`;
}
