import type { AnyLabels, MetricName, MetricSource, Samples } from '@sightline/exporter';
import { beaconRefusals, catalogue, Histogram } from '@sightline/exporter';

import type { QualityBeacon } from '../../http/schemas.ts';
import type { StreamDirectory } from '../../http/deps.ts';

export type BeaconRefusal = (typeof beaconRefusals)[number];

type CountedField =
  | 'seconds'
  | 'freezes'
  | 'freezeSeconds'
  | 'framesDecoded'
  | 'framesDropped'
  | 'packetsReceived'
  | 'packetsLost';

/** Summed up per stream. */
const summed: readonly (readonly [MetricName, CountedField])[] = [
  ['sightline_client_playback_seconds_total', 'seconds'],
  ['sightline_client_freezes_total', 'freezes'],
  ['sightline_client_freeze_seconds_total', 'freezeSeconds'],
  ['sightline_client_frames_decoded_total', 'framesDecoded'],
  ['sightline_client_frames_dropped_total', 'framesDropped'],
  ['sightline_client_packets_received_total', 'packetsReceived'],
  ['sightline_client_packets_lost_total', 'packetsLost'],
];

/** A picture of the future, or an older one, is a clock that went wrong, trusted or not. Clocks agree to some milliseconds only. */
const captureSeconds = { least: -0.005, most: 10 };

const refusalLabels = beaconRefusals.map((reason) => ({ reason }));

/** What browsers report of their pictures, added up: a viewer that leaves takes nothing away, and none is told apart. */
export class ViewerQuality implements MetricSource {
  readonly #streams: Pick<StreamDirectory, 'list'>;
  readonly #sums = new Map<string, { readonly labels: AnyLabels; readonly values: Float64Array }>();
  readonly #firstFrame = new Histogram(catalogue.sightline_time_to_first_frame_seconds.buckets);
  readonly #roundTrip = new Histogram(catalogue.sightline_client_round_trip_seconds.buckets);
  readonly #jitterBuffer = new Histogram(catalogue.sightline_client_jitter_buffer_delay_seconds.buckets);
  readonly #framesPerSecond = new Histogram(catalogue.sightline_client_frames_per_second.buckets);
  readonly #delay = new Histogram(catalogue.sightline_glass_to_glass_delay_seconds.buckets);
  readonly #glassDelay = new Histogram(catalogue.sightline_glass_to_glass_delay_seconds.buckets);
  readonly #captureDelaySeconds: (stream: string) => number | undefined;
  readonly #refused = new Map<BeaconRefusal, number>();
  #taken = 0;

  /** @param captureDelaySeconds from capture to arrival at the relay, where the camera's clock is trusted */
  constructor(
    streams: Pick<StreamDirectory, 'list'>,
    captureDelaySeconds: (stream: string) => number | undefined,
  ) {
    this.#streams = streams;
    this.#captureDelaySeconds = captureDelaySeconds;
  }

  /** The beacon has passed its schema, and its sender holds the session of this stream. */
  record(stream: string, beacon: QualityBeacon): void {
    this.#taken++;
    const { values } = this.#sumsOf(stream);
    summed.forEach(([, field], at) => {
      values[at] = (values[at] ?? 0) + beacon[field];
    });
    if (beacon.firstFrameMs !== undefined) this.#firstFrame.observe(beacon.firstFrameMs / 1000);
    if (beacon.roundTripMs !== undefined) this.#roundTrip.observe(beacon.roundTripMs / 1000);
    if (beacon.jitterBufferMs !== undefined) this.#jitterBuffer.observe(beacon.jitterBufferMs / 1000);
    if (beacon.delayMs !== undefined) this.#observeDelay(stream, beacon.delayMs / 1000);
    if (beacon.seconds > 0) this.#framesPerSecond.observe(beacon.framesDecoded / beacon.seconds);
  }

  refuse(reason: BeaconRefusal): void {
    this.#refused.set(reason, (this.#refused.get(reason) ?? 0) + 1);
  }

  collect(out: Samples): void {
    const names = new Set(this.#streams.list().map(({ name }) => name));
    for (const name of this.#sums.keys()) if (!names.has(name)) this.#sums.delete(name);
    for (const name of names) {
      const { labels, values } = this.#sumsOf(name);
      summed.forEach(([metric], at) => out.put(metric, labels, values[at]));
    }
    out.setHistogram('sightline_time_to_first_frame_seconds', this.#firstFrame);
    out.setHistogram('sightline_client_round_trip_seconds', this.#roundTrip);
    out.setHistogram('sightline_client_jitter_buffer_delay_seconds', this.#jitterBuffer);
    out.setHistogram('sightline_client_frames_per_second', this.#framesPerSecond);
    out.setHistogram('sightline_glass_to_glass_delay_seconds', this.#delay, { from: 'ingest' });
    out.setHistogram('sightline_glass_to_glass_delay_seconds', this.#glassDelay, { from: 'glass' });
    out.set('sightline_client_beacons_total', this.#taken);
    for (const labels of refusalLabels)
      out.set('sightline_client_beacons_rejected_total', this.#refused.get(labels.reason) ?? 0, labels);
  }

  /** Browsers tell the age since ingest; what lies before it is the camera's clock to tell. */
  #observeDelay(stream: string, seconds: number): void {
    this.#delay.observe(seconds);
    const before = this.#captureDelaySeconds(stream);
    if (before === undefined || before < captureSeconds.least || before > captureSeconds.most) return;
    this.#glassDelay.observe(before + seconds);
  }

  #sumsOf(stream: string): { readonly labels: AnyLabels; readonly values: Float64Array } {
    const known = this.#sums.get(stream);
    if (known !== undefined) return known;
    const sums = { labels: { stream }, values: new Float64Array(summed.length) };
    this.#sums.set(stream, sums);
    return sums;
  }
}
