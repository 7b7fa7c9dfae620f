import type { AnyLabels, MetricSource, Samples } from '@sightline/exporter';

import type { EngineSnapshot, StreamSnapshot } from '../../engine/messages.ts';
import type { ConfiguredStream, StreamDirectory } from '../../http/deps.ts';
import type { Clock } from '../../media/clock.ts';
import { aheadMs, toUnixMs } from '../../media/clock.ts';
import type { PictureHealth } from '../../pictures/picture-checker.ts';
import type { StreamState } from '../../stream/states.ts';
import { StreamCounters } from './stream-counters.ts';
import type { StreamFacts, SubstreamFacts } from './stream-table.ts';
import {
  isExpected,
  pictureCounters,
  streamCounters,
  streamGauges,
  substreamCounters,
  substreamGauges,
} from './stream-table.ts';

export interface StreamBookOptions {
  readonly streams: Pick<StreamDirectory, 'list'>;
  readonly snapshot: () => EngineSnapshot | undefined;
  readonly picture: (stream: string) => PictureHealth | undefined;
  readonly clock: Clock;
}

/** A sleeping computer was neither up nor down. */
const longestTickSeconds = 10;

interface StreamRecord {
  readonly counters: StreamCounters<StreamSnapshot>;
  readonly labels: AnyLabels;
  readonly gaugeLabels: readonly AnyLabels[];
  /** Undefined for a stream that has no substream. */
  substream: StreamCounters<SubstreamFacts> | undefined;
  /** Undefined until a picture was looked at. */
  pictures: StreamCounters<PictureHealth> | undefined;
  facts: StreamFacts;
  /** Of the expected ones. */
  upSeconds: number;
  expectedSeconds: number;
  lastFrameMs: number | undefined;
  info: AnyLabels;
  codec: AnyLabels | undefined;
}

/**
 * Every configured stream, whether or not its camera was ever seen, with counters that outlive the media thread. `tick` is due once
 * a second; collecting ticks as well, so that a scrape sees what is newest.
 */
export class StreamBook implements MetricSource {
  readonly #options: StreamBookOptions;
  readonly #records = new Map<string, StreamRecord>();
  #tickedMs: number | undefined;
  #atMs: number | undefined;

  constructor(options: StreamBookOptions) {
    this.#options = options;
  }

  get facts(): StreamFacts[] {
    return [...this.#records.values()].map((record) => record.facts);
  }

  tick(): void {
    const { streams, snapshot: read, picture: pictureOf, clock } = this.#options;
    const nowMs = clock();
    const seconds = Math.min(longestTickSeconds, Math.max(0, (nowMs - (this.#tickedMs ?? nowMs)) / 1000));
    this.#tickedMs = nowMs;
    const snapshot = read();
    const isNews = snapshot?.atMs !== this.#atMs;
    this.#atMs = snapshot?.atMs;
    const measured = new Map(snapshot?.streams.map((stream) => [stream.name, stream]));
    const configured = streams.list();
    const names = new Set(configured.map(({ name }) => name));
    for (const name of this.#records.keys()) if (!names.has(name)) this.#records.delete(name);
    for (const stream of configured) {
      const found = measured.get(stream.name);
      const picture = pictureOf(stream.name);
      const facts = { configured: stream, snapshot: found, state: stateOf(stream, found), picture };
      const record = this.#records.get(stream.name) ?? newRecord(facts);
      this.#records.set(stream.name, record);
      // What was so far, not what is from now on.
      if (isExpected(record.facts)) {
        record.expectedSeconds += seconds;
        if (record.facts.state === 'live') record.upSeconds += seconds;
      }
      record.facts = facts;
      record.info = keep(record.info, infoLabels(stream));
      record.codec = keep(record.codec, codecLabels(stream.name, found));
      record.lastFrameMs = found?.lastFrameMs ?? record.lastFrameMs;
      if (found === undefined || isNews) {
        record.counters.update(found);
        updateSubstream(record, found);
      }
      if (picture !== undefined) record.pictures ??= new StreamCounters(stream.name, pictureCounters);
      record.pictures?.update(picture);
    }
  }

  collect(out: Samples): void {
    this.tick();
    out.set('sightline_streams_configured', this.#records.size);
    for (const record of this.#records.values()) {
      const { facts, counters, labels, gaugeLabels, info, codec } = record;
      out.put('sightline_stream_info', info, 1);
      if (codec !== undefined) out.put('sightline_stream_codec_info', codec, 1);
      streamGauges.forEach(({ name, read }, at) => out.put(name, gaugeLabels[at] ?? labels, read(facts)));
      counters.collect(out);
      const substream = facts.snapshot?.substream;
      if (substream !== undefined)
        for (const { name, read } of substreamGauges) out.put(name, labels, read(substream));
      record.substream?.collect(out);
      record.pictures?.collect(out);
      out.put('sightline_stream_up_seconds_total', labels, record.upSeconds);
      out.put('sightline_stream_expected_seconds_total', labels, record.expectedSeconds);
      this.#collectTimes(out, record);
    }
  }

  /** Snapshots are told by the relay's clock, dashboards compare with theirs. */
  #collectTimes(out: Samples, { facts: { snapshot, picture }, labels, lastFrameMs }: StreamRecord): void {
    const { clock } = this.#options;
    const unixSeconds = (ms: number | undefined): number | undefined =>
      ms === undefined ? undefined : toUnixMs(ms, clock) / 1000;
    out.put('sightline_stream_state_since_timestamp_seconds', labels, unixSeconds(snapshot?.stateSinceMs));
    out.put('sightline_stream_last_frame_timestamp_seconds', labels, unixSeconds(lastFrameMs));
    out.put('sightline_stream_picture_checked_timestamp_seconds', labels, unixSeconds(picture?.checkedMs));
    if (snapshot?.substream !== undefined) {
      const lastMs = snapshot.substream.lastFrameMs;
      out.put('sightline_substream_last_frame_timestamp_seconds', labels, unixSeconds(lastMs));
    }
    // The camera's clock follows what the time servers say, as Unix time does.
    const delay = snapshot?.captureDelaySeconds;
    const told = delay === undefined ? undefined : delay + aheadMs(clock) / 1000;
    out.put('sightline_stream_capture_delay_seconds', labels, told);
  }
}

/**
 * As the API shows it: a stream that the engine has not reported is waiting, not unknown. But a camera that is dead does not
 * come to rest while those who want it wait for their next attempt: an alert would be resolved, and raised again with that.
 */
function stateOf({ onDemand }: ConfiguredStream, snapshot: StreamSnapshot | undefined): StreamState {
  if (snapshot?.state === 'idle' && snapshot.isSought) return 'offline';
  return snapshot?.state ?? (onDemand ? 'idle' : 'connecting');
}

/** Its totals go on while the engine is down; a stream that was given another configuration may have none any more. */
function updateSubstream(record: StreamRecord, found: StreamSnapshot | undefined): void {
  if (found === undefined) record.substream?.update(undefined);
  else if (found.substream === undefined) record.substream = undefined;
  else {
    record.substream ??= new StreamCounters(found.name, substreamCounters);
    record.substream.update({ ...found, substream: found.substream });
  }
}

/** Label objects live as long as the record: their text is made once. */
function newRecord(facts: StreamFacts): StreamRecord {
  const labels = { stream: facts.configured.name };
  const withStream = (extra: AnyLabels): AnyLabels =>
    Object.keys(extra).length === 0 ? labels : { ...labels, ...extra };
  return {
    counters: new StreamCounters(facts.configured.name, streamCounters),
    labels,
    gaugeLabels: streamGauges.map((row) => withStream(row.labels)),
    substream: undefined,
    pictures: undefined,
    facts,
    upSeconds: 0,
    expectedSeconds: 0,
    lastFrameMs: undefined,
    info: infoLabels(facts.configured),
    codec: undefined,
  };
}

function infoLabels({ name, title, site }: ConfiguredStream): AnyLabels {
  return { stream: name, title, site: site ?? '' };
}

function codecLabels(stream: string, snapshot: StreamSnapshot | undefined): AnyLabels | undefined {
  if (snapshot?.videoCodec === undefined) return undefined;
  return {
    stream,
    codec: snapshot.videoCodec,
    profile: snapshot.h264?.profileName ?? '',
    audio: snapshot.audioCodec ?? '',
    transport: snapshot.transport ?? '',
  };
}

/** The old object when nothing changed; the last known one when nothing is known. */
function keep<T extends AnyLabels | undefined>(old: T, fresh: T): T {
  if (fresh === undefined || old === undefined) return fresh ?? old;
  return Object.entries(fresh).every(([label, value]) => old[label] === value) ? old : fresh;
}
