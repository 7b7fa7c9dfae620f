import {
  admissionReasons,
  keptDownReasons,
  qualitySwitchReasons,
  Samples,
  streamStates as knownStates,
  streamWarnings as knownWarnings,
} from '@sightline/exporter';
import { expect, test } from 'vitest';

import { mislabelled } from '../../../../exporter/src/testing/mislabelled.ts';
import { overBitrateReasons, overCapacityReasons } from '../../engine/admission.ts';
import type { HostSnapshot, StreamSnapshot } from '../../engine/messages.ts';
import type { ConfiguredStream } from '../../http/deps.ts';
import { liveSnapshot, substreamSnapshot } from '../../http/testing/fake-engine.ts';
import type { PictureHealth } from '../../pictures/picture-checker.ts';
import { noFlags } from '../../pictures/picture-judge.ts';
import { PathStatistics, DelayHistogram } from '../../stream/path-statistics.ts';
import { streamStates, streamWarnings } from '../../stream/states.ts';
import { EngineMetrics } from './engine-metrics.ts';
import { StreamBook } from './stream-book.ts';

function configured(name: string, onDemand = false): ConfiguredStream {
  return {
    name,
    title: name.toUpperCase(),
    labels: {},
    site: undefined,
    onDemand,
    trustClock: false,
    origin: 'config',
  };
}

/** A book whose engine and clock the test moves. */
class Bench {
  streams = [configured('lobby'), configured('gate', true)];
  snapshot: HostSnapshot | undefined;
  readonly pictures = new Map<string, PictureHealth>();
  nowMs = 1_000_000;
  /** What the system's clock was set by since the start. */
  aheadMs = 0;
  readonly book = new StreamBook({
    streams: { list: () => this.streams },
    snapshot: () => this.snapshot,
    picture: (stream) => this.pictures.get(stream),
    clock: Object.assign(() => this.nowMs, { aheadMs: () => this.aheadMs }),
  });

  tell(streams: readonly Partial<StreamSnapshot>[], after = 1_000): Samples {
    this.nowMs += after;
    this.snapshot = engineWith(
      streams.map((stream) => ({ ...liveSnapshot, name: 'lobby', ...stream })),
      this.nowMs,
    );
    return this.collect();
  }

  collect(): Samples {
    const out = new Samples();
    this.book.collect(out);
    return out;
  }
}

function engineWith(streams: readonly StreamSnapshot[], atMs: number): HostSnapshot {
  return {
    atMs,
    streams,
    sessions: 3,
    joinsTotal: { ok: 5, 'dtls-failed': 1, 'of-tomorrow': 2 },
    threads: [
      {
        index: 0,
        isRunning: true,
        eventLoopUtilisation: 0.25,
        eventLoopDelayMaxMs: 1,
        eventLoopDelay: { counts: [9, 0, 0, 0, 0, 0, 0, 0, 1], sumSeconds: 3 },
        cpuUserSeconds: 10,
        cpuSystemSeconds: 4,
        arenaBytes: 1000,
        arenaBlocks: 10,
        streams: streams.length,
        sessions: 3,
        restartsTotal: 2,
      },
    ],
    eventLoopUtilisation: 0.25,
    cpuUserSeconds: 10,
    cpuSystemSeconds: 4,
    arenaBytes: 1000,
    arenaBlocks: 10,
    sendCallsTotal: 100,
    sendErrorsTotal: 0,
    firstPacketP50Ms: 0.25,
    firstPacketP99Ms: 1,
    firstPacketMaxMs: 2,
    overCapacityTotal: {
      'stream-viewers': 0,
      'stream-bitrate': 0,
      'host-viewers': 4,
      'host-bitrate': 0,
      connecting: 0,
      'event-loop': 0,
      memory: 0,
    },
    keptDownTotal: { 'stream-bitrate': 0, 'host-bitrate': 7 },
    connectingSessions: 1,
    expectedBitrateBps: 8_000_000,
    mainEventLoopUtilisation: 0.1,
    memoryUsedBytes: 1,
    memoryLimitBytes: 2,
  };
}

function health(flagged: readonly ('frozen' | 'black')[], frozenSeconds: number): PictureHealth {
  const seconds = { frozen: frozenSeconds, black: 0, overexposed: 0, underexposed: 0, blurred: 0 };
  return {
    brightness: 0.5,
    contrast: 0.2,
    darkShare: 0,
    brightShare: 0,
    sharpness: 0.1,
    flags: { ...noFlags(), ...Object.fromEntries(flagged.map((flag) => [flag, true])) },
    pictureMs: 1_000,
    checkedMs: 2_000,
    flagSecondsTotal: seconds,
  };
}

test('known values are those of the relay', () => {
  expect(knownStates).toEqual(Object.keys(streamStates));
  expect(knownWarnings).toEqual(Object.keys(streamWarnings));
  expect(admissionReasons).toEqual(overCapacityReasons);
  expect(keptDownReasons).toEqual(overBitrateReasons);
  const { qualitySwitches } = new PathStatistics(new DelayHistogram());
  expect(qualitySwitchReasons).toEqual([...Object.keys(qualitySwitches), 'other']);
});

test('a camera that was never seen has its series', () => {
  const out = new Bench().collect();
  const lobby = { stream: 'lobby' };
  expect(out.find('sightline_stream_up', lobby)).toBe(0);
  expect(out.find('sightline_stream_expected', lobby)).toBe(1);
  expect(out.find('sightline_stream_state', { ...lobby, state: 'connecting' })).toBe(1);
  expect(out.find('sightline_stream_state', { ...lobby, state: 'live' })).toBe(0);
  expect(out.find('sightline_stream_state_code', { stream: 'gate' })).toBe(0);
  expect(out.find('sightline_stream_expected', { stream: 'gate' })).toBe(0);
  expect(out.find('sightline_stream_frames_total', lobby)).toBe(0);
  expect(out.find('sightline_stream_reconnects_total', { ...lobby, reason: 'unauthorized' })).toBe(0);
  expect(out.find('sightline_stream_last_frame_timestamp_seconds', lobby)).toBeUndefined();
  expect(out.find('sightline_streams_configured')).toBe(2);
  expect(mislabelled(out)).toEqual([]);
});

test('a live stream, field by field', () => {
  const bench = new Bench();
  const out = bench.tell([
    {
      framesTotal: 100,
      lostPacketsTotal: 5,
      packetsTotal: 95,
      bitrateBps: 8_000_000,
      jitterSeconds: 0.003,
      reconnectsTotal: { timeout: 2, 'of-tomorrow': 3 },
      droppedFramesTotal: { history: 4 },
      lastFrameMs: 999_500,
    },
  ]);
  const lobby = { stream: 'lobby' };
  expect(out.find('sightline_stream_up', lobby)).toBe(1);
  expect(out.find('sightline_stream_state', { ...lobby, state: 'live' })).toBe(1);
  expect(out.find('sightline_stream_frames_total', lobby)).toBe(100);
  expect(out.find('sightline_stream_rtp_packets_expected_total', lobby)).toBe(100);
  expect(out.find('sightline_stream_video_bytes_per_second', lobby)).toBe(1_000_000);
  expect(out.find('sightline_stream_video_width_pixels', lobby)).toBe(1280);
  expect(out.find('sightline_stream_rtp_jitter_seconds', lobby)).toBe(0.003);
  expect(out.find('sightline_stream_reconnects_total', { ...lobby, reason: 'timeout' })).toBe(2);
  expect(out.find('sightline_stream_reconnects_total', { ...lobby, reason: 'other' })).toBe(3);
  expect(out.find('sightline_egress_dropped_frames_total', { ...lobby, reason: 'history' })).toBe(4);
  expect(out.find('sightline_stream_warning', { ...lobby, warning: 'no-clock' })).toBe(1);
  expect(out.find('sightline_stream_last_frame_timestamp_seconds', lobby)).toBe(999.5);
  expect(out.find('sightline_stream_codec_info', { ...lobby, codec: 'H264', profile: 'High' })).toBe(1);
  expect(mislabelled(out)).toEqual([]);
});

test('what was measured of a camera that is away is told no more', () => {
  const bench = new Bench();
  const measured = { keyFrameIntervalSeconds: 12, jitterSeconds: 0.003, roundTripSeconds: 0.01 };
  const told = (state: 'live' | 'offline'): (number | undefined)[] => {
    const substream = { ...substreamSnapshot, state, keyFrameIntervalSeconds: 12 };
    const out = bench.tell([{ ...measured, state, substream }]);
    return (
      [
        'sightline_stream_keyframe_interval_seconds',
        'sightline_stream_rtp_jitter_seconds',
        'sightline_stream_source_round_trip_seconds',
        'sightline_substream_keyframe_interval_seconds',
      ] as const
    ).map((name) => out.find(name, { stream: 'lobby' }));
  };
  expect(told('live')).toEqual([12, 0.003, 0.01, 12]);
  expect(told('offline')).toEqual([undefined, undefined, undefined, undefined]);
});

test('what viewers report of their paths, and what pacing adds', () => {
  const bench = new Bench();
  const lobby = { stream: 'lobby' };
  const quiet = bench.tell([{}]);
  expect(quiet.find('sightline_viewers_limited', lobby)).toBe(0);
  expect(quiet.find('sightline_viewers_by_transport', { ...lobby, transport: 'tcp' })).toBe(0);
  expect(quiet.find('sightline_viewer_path_loss_max_ratio', lobby)).toBeUndefined();
  const out = bench.tell([
    {
      pacerDelay: { meanSeconds: 0.001, maxSeconds: 0.02 },
      viewerPaths: {
        meanLossRatio: 0.01,
        maxLossRatio: 0.05,
        meanJitterSeconds: 0.002,
        maxJitterSeconds: 0.004,
        meanRoundTripSeconds: 0.03,
        maxRoundTripSeconds: 0.06,
        limited: 2,
        transports: { udp: 3, tcp: 1 },
      },
    },
  ]);
  expect(out.find('sightline_egress_pacer_delay_mean_seconds', lobby)).toBe(0.001);
  expect(out.find('sightline_egress_pacer_delay_max_seconds', lobby)).toBe(0.02);
  expect(out.find('sightline_viewers_limited', lobby)).toBe(2);
  expect(out.find('sightline_viewers_by_transport', { ...lobby, transport: 'udp' })).toBe(3);
  expect(out.find('sightline_viewers_by_transport', { ...lobby, transport: 'tcp' })).toBe(1);
  expect(out.find('sightline_viewer_path_loss_mean_ratio', lobby)).toBe(0.01);
  expect(out.find('sightline_viewer_path_loss_max_ratio', lobby)).toBe(0.05);
  expect(out.find('sightline_viewer_path_jitter_mean_seconds', lobby)).toBe(0.002);
  expect(out.find('sightline_viewer_path_jitter_max_seconds', lobby)).toBe(0.004);
  expect(out.find('sightline_viewer_path_round_trip_mean_seconds', lobby)).toBe(0.03);
  expect(out.find('sightline_viewer_path_round_trip_max_seconds', lobby)).toBe(0.06);
  expect(mislabelled(out)).toEqual([]);
});

test('a substream has figures of its own, where there is one', () => {
  const bench = new Bench();
  const lobby = { stream: 'lobby' };
  const switched = { ...lobby, reason: 'tile' };
  expect(bench.tell([{}]).find('sightline_substream_frames_total', lobby)).toBeUndefined();
  const substream = { ...substreamSnapshot, state: 'live', framesTotal: 30, bitrateBps: 800_000 } as const;
  const out = bench.tell([{ substream, qualitySwitchesTotal: { tile: 2, 'of-tomorrow': 1 } }]);
  expect(out.find('sightline_substream_state_code', lobby)).toBe(2);
  expect(out.find('sightline_substream_video_bytes_per_second', lobby)).toBe(100_000);
  expect(out.find('sightline_substream_video_width_pixels', lobby)).toBe(640);
  expect(out.find('sightline_substream_last_frame_timestamp_seconds', lobby)).toBe(2);
  expect(out.find('sightline_substream_frames_total', lobby)).toBe(30);
  expect(out.find('sightline_substream_reconnects_total', { ...lobby, reason: 'timeout' })).toBe(0);
  expect(out.find('sightline_viewer_quality_switches_total', switched)).toBe(2);
  expect(out.find('sightline_viewer_quality_switches_total', { ...lobby, reason: 'other' })).toBe(1);
  expect(mislabelled(out)).toEqual([]);
  // The media thread dies and counts anew; the totals go on.
  bench.snapshot = undefined;
  expect(bench.collect().find('sightline_substream_frames_total', lobby)).toBe(30);
  const again = bench.tell([{ substream: { ...substream, framesTotal: 40 } }]);
  expect(again.find('sightline_substream_frames_total', lobby)).toBe(70);
  // The configuration has none any more.
  expect(bench.tell([{}]).find('sightline_substream_frames_total', lobby)).toBeUndefined();
});

test('flags of a picture, once it was looked at', () => {
  const bench = new Bench();
  const lobby = { stream: 'lobby' };
  expect(bench.tell([{}]).find('sightline_stream_frozen', lobby)).toBeUndefined();
  bench.pictures.set('lobby', health(['frozen'], 20));
  const out = bench.tell([{}]);
  expect(out.find('sightline_stream_frozen', lobby)).toBe(1);
  expect(out.find('sightline_stream_black', lobby)).toBe(0);
  expect(out.find('sightline_stream_frozen_seconds_total', lobby)).toBe(20);
  expect(out.find('sightline_stream_picture_checked_timestamp_seconds', lobby)).toBe(2);
  expect(mislabelled(out)).toEqual([]);
  // It goes offline, and who looks at it forgets; its time stays.
  bench.pictures.clear();
  const offline = bench.tell([{ state: 'offline' }]);
  expect(offline.find('sightline_stream_frozen', lobby)).toBeUndefined();
  expect(offline.find('sightline_stream_frozen_seconds_total', lobby)).toBe(20);
  bench.pictures.set('lobby', health([], 30));
  expect(bench.tell([{}]).find('sightline_stream_frozen_seconds_total', lobby)).toBe(50);
});

test('counters and the moment of the last frame outlive the media thread', () => {
  const bench = new Bench();
  const lobby = { stream: 'lobby' };
  bench.tell([{ framesTotal: 100, lastFrameMs: 5_000 }]);
  bench.snapshot = undefined;
  const between = bench.collect();
  expect(between.find('sightline_stream_up', lobby)).toBe(0);
  expect(between.find('sightline_stream_frames_total', lobby)).toBe(100);
  expect(between.find('sightline_stream_last_frame_timestamp_seconds', lobby)).toBe(5);
  // The new thread is already further than the old one was: what it counted is new all the same.
  const after = bench.tell([{ framesTotal: 150, lastFrameMs: undefined }]);
  expect(after.find('sightline_stream_frames_total', lobby)).toBe(250);
  expect(after.find('sightline_stream_last_frame_timestamp_seconds', lobby)).toBe(5);
  // A stream that was replaced begins at 0 while its thread lives on.
  expect(bench.tell([{ framesTotal: 10 }]).find('sightline_stream_frames_total', lobby)).toBe(260);
});

test('up and expected time are those that passed, whoever scrapes', () => {
  const bench = new Bench();
  bench.tell([{ state: 'live' }]);
  bench.tell([{ state: 'live' }]);
  bench.tell([{ state: 'offline' }]);
  bench.tell([{ state: 'offline' }]);
  bench.collect();
  const out = bench.tell([{ state: 'live' }], 3_600_000);
  expect(out.find('sightline_stream_up_seconds_total', { stream: 'lobby' })).toBe(2);
  // The first second counts, the computer's sleep counts for ten.
  expect(out.find('sightline_stream_expected_seconds_total', { stream: 'lobby' })).toBe(13);
  expect(out.find('sightline_stream_expected_seconds_total', { stream: 'gate' })).toBe(0);
});

test('an on-demand stream is expected while somebody watches', () => {
  const bench = new Bench();
  bench.tell([{ name: 'gate', state: 'connecting', viewers: 1 }]);
  const out = bench.tell([{ name: 'gate', state: 'connecting', viewers: 1 }]);
  expect(out.find('sightline_stream_expected', { stream: 'gate' })).toBe(1);
  expect(out.find('sightline_stream_expected_seconds_total', { stream: 'gate' })).toBe(1);
});

test('an on-demand stream that is asked for and cannot be reached is expected, although nobody could become a viewer', () => {
  const bench = new Bench();
  const gate = { name: 'gate', viewers: 0 } as const;
  for (const state of ['idle', 'connecting', 'offline', 'offline'] as const) bench.tell([{ ...gate, state }]);
  const out = bench.tell([{ ...gate, state: 'idle' }]);
  expect(out.find('sightline_stream_expected', { stream: 'gate' })).toBe(0);
  expect(out.find('sightline_stream_expected_seconds_total', { stream: 'gate' })).toBe(3);
  expect(out.find('sightline_stream_up_seconds_total', { stream: 'gate' })).toBe(0);
});

test('an on-demand stream stays expected and down between the attempts of those who want it', () => {
  const bench = new Bench();
  const gate = { name: 'gate', viewers: 0 } as const;
  const expected: (number | undefined)[] = [];
  // Offered in vain, lingering, idle until the next attempt; then nobody came back.
  for (const [state, isSought] of [
    ['connecting', true],
    ['offline', true],
    ['idle', true],
    ['connecting', true],
    ['idle', false],
  ] as const) {
    const out = bench.tell([{ ...gate, state, isSought }]);
    expected.push(out.find('sightline_stream_expected', { stream: 'gate' }));
    const isDown = out.find('sightline_stream_state', { stream: 'gate', state: 'idle' }) === 0;
    expect(isDown).toBe(isSought);
  }
  expect(expected).toEqual([1, 1, 1, 1, 0]);
});

test('an on-demand stream that is live after its last viewer has left is neither up nor down', () => {
  const bench = new Bench();
  const gate = { name: 'gate', state: 'live' } as const;
  for (const viewers of [1, 1, 0, 0]) bench.tell([{ ...gate, viewers }]);
  const out = bench.tell([{ ...gate, viewers: 0 }]);
  expect(out.find('sightline_stream_up', { stream: 'gate' })).toBe(1);
  expect(out.find('sightline_stream_up_seconds_total', { stream: 'gate' })).toBe(2);
  expect(out.find('sightline_stream_expected_seconds_total', { stream: 'gate' })).toBe(2);
});

test('a removed stream is gone, and with it its history', () => {
  const bench = new Bench();
  bench.tell([{ framesTotal: 100 }]);
  bench.streams = [configured('gate', true)];
  expect(bench.tell([]).find('sightline_stream_up', { stream: 'lobby' })).toBeUndefined();
  bench.streams = [configured('lobby')];
  expect(bench.tell([{ framesTotal: 1 }]).find('sightline_stream_frames_total', { stream: 'lobby' })).toBe(1);
});

test('the engine: threads, joins by outcome, and totals that go on', () => {
  let snapshot: HostSnapshot | undefined = engineWith([], 1);
  const metrics = new EngineMetrics(() => snapshot);
  const read = (): Samples => {
    const out = new Samples();
    metrics.collect(out);
    return out;
  };
  const first = read();
  expect(first.find('sightline_viewer_joins_total', { outcome: 'ok' })).toBe(5);
  expect(first.find('sightline_viewer_joins_total', { outcome: 'over-capacity' })).toBe(0);
  expect(first.find('sightline_viewer_joins_total', { outcome: 'other' })).toBe(2);
  expect(first.find('sightline_event_loop_utilisation_ratio', { thread: 'media-0' })).toBe(0.25);
  expect(first.find('sightline_media_thread_cpu_seconds_total', { mode: 'system' })).toBe(4);
  expect(first.find('sightline_forward_delay_p99_seconds')).toBe(0.001);
  expect(first.find('sightline_admission_rejections_total', { reason: 'host-viewers' })).toBe(4);
  expect(first.find('sightline_admission_main_stream_rejections_total', { reason: 'host-bitrate' })).toBe(7);
  expect(first.find('sightline_viewer_sessions_connecting')).toBe(1);
  expect(first.find('sightline_egress_expected_bytes_per_second')).toBe(1_000_000);
  expect(first.find('sightline_media_thread_running', { thread: 'media-0' })).toBe(1);
  expect(first.find('sightline_media_thread_restarts_total', { thread: 'media-0' })).toBe(2);
  expect(first.find('sightline_media_thread_sessions', { thread: 'media-0' })).toBe(3);
  expect(mislabelled(first)).toEqual([]);
  const [delays] = first.histograms.get('sightline_event_loop_delay_seconds') ?? [];
  expect(delays?.labels).toEqual({ thread: 'media-0' });
  expect(Array.from(delays?.state.counts ?? [])).toEqual([9, 0, 0, 0, 0, 0, 0, 0, 1]);
  expect(delays?.state.sum).toBe(3);

  metrics.died();
  snapshot = undefined;
  const between = read();
  expect(between.find('sightline_viewer_joins_total', { outcome: 'ok' })).toBe(5);
  expect(between.find('sightline_media_engine_restarts_total')).toBe(1);
  expect(between.find('sightline_viewer_sessions')).toBeUndefined();
  snapshot = engineWith([], 2);
  // Another thread, which has counted as much already.
  snapshot = { ...snapshot, threads: snapshot.threads.map((thread) => ({ ...thread, restartsTotal: 3 })) };
  const after = read();
  expect(after.histograms.get('sightline_event_loop_delay_seconds')?.[0]?.state.sum).toBe(6);
  expect(after.find('sightline_viewer_joins_total', { outcome: 'ok' })).toBe(10);
});

test('moments are told in Unix time, and the camera’s clock is compared with it, after the system’s clock was set', () => {
  const bench = new Bench();
  bench.pictures.set('lobby', health([], 0));
  const times = { stateSinceMs: 3_000, lastFrameMs: 5_000, captureDelaySeconds: -59 };
  const substream = { ...substreamSnapshot, lastFrameMs: 4_000 };
  const told = (): (number | undefined)[] => {
    const out = bench.tell([{ ...times, substream }]);
    return [
      out.find('sightline_stream_state_since_timestamp_seconds', { stream: 'lobby' }),
      out.find('sightline_substream_last_frame_timestamp_seconds', { stream: 'lobby' }),
      out.find('sightline_stream_last_frame_timestamp_seconds', { stream: 'lobby' }),
      out.find('sightline_stream_picture_checked_timestamp_seconds', { stream: 'lobby' }),
      out.find('sightline_stream_capture_delay_seconds', { stream: 'lobby' }),
    ];
  };
  expect(told()).toEqual([3, 4, 5, 2, -59]);
  bench.aheadMs = 60_000;
  expect(told()).toEqual([63, 64, 65, 62, 1]);
});
