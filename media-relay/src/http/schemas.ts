import { alertCodes, isMetricName } from '@sightline/exporter';
import type { MetricName } from '@sightline/exporter';
import { z } from 'zod';

import { overCapacityReasons } from '../engine/admission.ts';
import { maxWidth, minWidth } from '../pictures/widths.ts';
import { pictureFlags, qualities, streamStates, streamWarnings } from '../stream/states.ts';
import type { PictureFlag, StreamState, StreamWarning } from '../stream/states.ts';
import { streamReasonCodes } from '../stream/stream-reason.ts';
import { relayEventKinds } from '../telemetry/events.ts';
import { problems } from './errors.ts';
import { isStreamName } from './path-guard.ts';

// What crosses the API, in one place: handlers check with these, /openapi.json is made from them.

function keysOf<K extends string>(table: Readonly<Record<K, unknown>>): [K, ...K[]] {
  return Object.keys(table) as [K, ...K[]];
}

export const problemSchema = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  code: z.enum(keysOf(problems)),
  reason: z.enum(overCapacityReasons).optional().describe('With over-capacity: which limit'),
  retryAfterSeconds: z.number().optional(),
});

const streamName = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/,
    'must begin with a letter or digit and have up to 64 of A-Z a-z 0-9 . _ -',
  )
  .refine(isStreamName);

const unixMs = z.number().describe('Unix time in milliseconds');

function pictureFlagsShape() {
  const flag = (name: PictureFlag) => z.boolean().describe(pictureFlags[name]);
  return {
    frozen: flag('frozen'),
    black: flag('black'),
    overexposed: flag('overexposed'),
    underexposed: flag('underexposed'),
    blurred: flag('blurred'),
  };
}

export const streamSchema = z.object({
  name: z.string(),
  title: z.string(),
  labels: z.record(z.string(), z.string()),
  site: z.string().nullable(),
  origin: z.enum(['config', 'api']),
  onDemand: z.boolean(),
  state: z.enum(keysOf<StreamState>(streamStates)),
  stateSinceMs: unixMs.nullable(),
  reason: z.string().nullable().describe('Why it is offline or refused'),
  reasonCode: z.enum(streamReasonCodes).nullable().describe('The same, for programs'),
  warnings: z.array(z.object({ code: z.enum(keysOf<StreamWarning>(streamWarnings)), message: z.string() })),
  transport: z.string().nullable(),
  videoCodec: z.string().nullable(),
  videoProfile: z.string().nullable(),
  audioCodec: z.string().nullable(),
  width: z.int().nullable().describe('Pixels'),
  height: z.int().nullable().describe('Pixels'),
  framesPerSecond: z.number(),
  bitrateBps: z.number(),
  keyFrameIntervalSeconds: z.number().nullable(),
  lastFrameMs: unixMs.nullable(),
  viewers: z.int().describe('Of both renditions'),
  qualitySwitches: z
    .record(z.string(), z.int())
    .describe('Switches between the renditions so far, by reason'),
  substream: z
    .object({
      state: z.enum(keysOf<StreamState>(streamStates)),
      reason: z.string().nullable().describe('Why it is offline or refused'),
      transport: z.string().nullable(),
      videoProfile: z.string().nullable(),
      width: z.int().nullable().describe('Pixels; null until it was connected once'),
      height: z.int().nullable().describe('Pixels'),
      framesPerSecond: z.number(),
      bitrateBps: z.number(),
      keyFrameIntervalSeconds: z.number().nullable(),
      lastFrameMs: unixMs.nullable(),
      viewers: z.int().describe('Those who see it now'),
    })
    .nullable()
    .describe('Null where none is configured; what is beside it is of the main stream'),
  picture: z
    .object({
      ...pictureFlagsShape(),
      brightness: z.number().describe('Mean luma, 0 to 1'),
      contrast: z.number().describe('Standard deviation of luma, 0 to 0.5'),
      sharpness: z.number().describe('Variance of the Laplacian over variance of luma'),
      pictureMs: unixMs.describe('Arrival of the picture that was looked at, Unix time in milliseconds'),
      checkedMs: unixMs,
    })
    .nullable()
    .describe('Of a live stream, once it was looked at'),
});
export type StreamView = z.infer<typeof streamSchema>;

export const streamListSchema = z.object({ nowMs: unixMs, streams: z.array(streamSchema) });

const shortText = z.string().min(1).max(200);

export const newStreamSchema = z.strictObject({
  name: streamName,
  url: z.string().min(1).max(2000).describe('Where the pictures come from; never shown again'),
  substream: z.string().min(1).max(2000).optional().describe('Smaller picture of the same camera'),
  title: shortText.optional(),
  labels: z.record(z.string().min(1).max(64), z.string().max(200)).optional(),
  site: shortText.optional(),
  onDemand: z.boolean().optional(),
  trustClock: z.boolean().optional(),
  maxViewers: z.int().min(0).max(100_000).optional(),
  maxBitrate: z
    .union([z.number(), z.string().max(30)])
    .optional()
    .describe('What its viewers together may be sent: 20M or bits per second'),
  transport: z.enum(['auto', 'tcp', 'udp']).optional(),
  tlsFingerprint: z.string().max(200).optional(),
});
export type NewStream = z.infer<typeof newStreamSchema>;

export const doneSchema = z.object({ ok: z.literal(true) });

const moment = z
  .string()
  .regex(
    /^\d{1,15}$|^\d{4}-\d\d-\d\dT[0-9:.]+(Z|[+-]\d\d:\d\d)$/,
    'must be Unix milliseconds or an ISO 8601 time with zone',
  )
  .transform((text) => (/^\d+$/.test(text) ? Number(text) : Date.parse(text)))
  .refine((atMs) => Number.isFinite(atMs), 'is no time');

function wholeNumber(min: number, max: number) {
  return z
    .string()
    .regex(/^\d{1,9}$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.int().min(min).max(max));
}

export const eventQuerySchema = z.strictObject({
  from: moment.optional(),
  to: moment.optional(),
  stream: streamName.optional(),
  type: z.enum(relayEventKinds).optional(),
  limit: wholeNumber(1, 1000).optional(),
});

export const eventListSchema = z.object({
  events: z.array(
    z.looseObject({ atMs: unixMs, kind: z.enum(relayEventKinds), stream: z.string().optional() }),
  ),
});

export const snapshotQuerySchema = z.strictObject({
  width: wholeNumber(minWidth, maxWidth)
    .optional()
    .describe(
      'Pixels, rounded up to the next of 160, 320, 480, 640, 960, 1280, 1920; never more than the camera has',
    ),
});

export const stillsQuerySchema = z.strictObject({
  from: moment.optional(),
  to: moment.optional(),
  limit: wholeNumber(1, 1000).optional().describe('The newest so many of those that fit; default: 1000'),
});

export const stillListSchema = z.object({
  everySeconds: z.int().nullable().describe('How often one is kept; null: this relay keeps none'),
  stills: z.array(z.object({ timeMs: unixMs })).describe('When they reached the relay, oldest first'),
});

export const clockQuerySchema = z.strictObject({ frames: wholeNumber(1, 600).optional() });

/** Never converted: the page compares these with each other, over many answers, and a step would tear them apart. */
export const clockSchema = z.object({
  relayMs: z
    .number()
    .describe("By the relay's own clock: Unix time in milliseconds at its start, which never steps since"),
  frames: z
    .array(z.array(z.number()).length(2))
    .describe('Oldest first: RTP timestamp as sent, arrival at the relay by the same clock'),
});

const quality = z.enum(qualities).describe('auto follows the size of the tile and the path');
const maxPixels = 16_384;

/** A player may add parameters of its own. */
export const offerQuerySchema = z.object({
  quality: quality.optional(),
  width: wholeNumber(1, maxPixels).optional(),
  height: wholeNumber(1, maxPixels).optional(),
});

const pixels = z.int().min(1).max(maxPixels);

export const qualityWishSchema = z.strictObject({
  quality: quality.optional(),
  tile: z
    .strictObject({ width: pixels, height: pixels })
    .optional()
    .describe('Where the picture is shown, in device pixels: CSS pixels x devicePixelRatio'),
});

const rendition = z.enum(['main', 'sub']);

export const sessionQualitySchema = z.object({
  wanted: quality,
  playing: rendition,
  switchingTo: rendition
    .nullable()
    .describe('On its way: it begins with a group of pictures of that rendition'),
  reason: z.string().nullable().describe('Why what is wanted cannot be had now'),
});

function upTo(maximum: number) {
  return z.number().min(0).max(maximum);
}

/** What a browser saw since its last beacon. A minute and a thousand of anything per second are more than there can be. */
export const qualityBeaconSchema = z.strictObject({
  seconds: upTo(60).describe('Since the last beacon, or since the session began'),
  framesDecoded: z.int().min(0).max(60_000),
  framesDropped: z.int().min(0).max(60_000),
  freezes: z.int().min(0).max(1_000),
  freezeSeconds: upTo(120),
  packetsReceived: z.int().min(0).max(10_000_000),
  packetsLost: z.int().min(0).max(10_000_000),
  roundTripMs: upTo(60_000).optional(),
  jitterBufferMs: upTo(60_000).optional().describe('Mean of the frames since the last beacon'),
  firstFrameMs: upTo(600_000)
    .optional()
    .describe('From the wish to watch to the first picture; in one beacon only'),
  delayMs: upTo(600_000)
    .optional()
    .describe('Age of the pictures on the screen, since they reached the relay'),
});
export type QualityBeacon = z.infer<typeof qualityBeaconSchema>;

const metricName = z
  .string()
  .max(100)
  .refine((text): text is MetricName => isMetricName(text), 'is no metric; docs/METRICS.md lists them');

const duration = z
  .string()
  .regex(/^\d{1,6}[smh]?$/, 'must be seconds, or like 90s, 5m or 1h')
  .transform((text) => Number.parseInt(text, 10) * ({ m: 60_000, h: 3_600_000 }[text.at(-1) ?? ''] ?? 1_000));

export const currentQuerySchema = z.strictObject({
  metric: metricName.optional(),
  stream: streamName.optional(),
});
export const historyQuerySchema = z.strictObject({
  metric: metricName,
  start_time: moment.optional(),
  end_time: moment.optional(),
  step: wholeNumber(1, 86_400).optional().describe('Seconds'),
  stream: streamName.optional(),
});
export const summaryQuerySchema = z.strictObject({
  metric: metricName,
  period: duration.optional(),
  stream: streamName.optional(),
});
export const monitoringQuerySchema = z.strictObject({ history: z.enum(['true', 'false']).optional() });

const labelSet = z.record(z.string(), z.string());
const kind = z.enum(['value', 'rate']).describe('rate: a counter, told as its increase per second');
const course = z.object({
  startMs: unixMs,
  stepMs: z.number(),
  series: z.array(
    z.object({
      labels: labelSet,
      values: z.array(z.number().nullable()).describe('One for each step; null where nothing is known'),
    }),
  ),
});
const metricValues = z.array(
  z.object({
    name: z.string(),
    type: z.enum(['counter', 'gauge', 'histogram']),
    unit: z.string(),
    kind,
    help: z.string(),
    series: z.array(z.object({ labels: labelSet, value: z.number() })),
  }),
);
export const currentMetricsSchema = z.object({ nowMs: unixMs, metrics: metricValues });
export const historySchema = course.extend({
  metric: z.string(),
  unit: z.string(),
  kind,
  source: z.enum(['memory', 'prometheus']),
});
export const summarySchema = z.object({
  metric: z.string(),
  unit: z.string(),
  kind,
  periodSeconds: z.number(),
  series: z.array(
    z.object({
      labels: labelSet,
      samples: z.int(),
      min: z.number(),
      max: z.number(),
      mean: z.number(),
      p95: z.number(),
      last: z.number(),
    }),
  ),
});
const alert = z.object({
  code: z.enum(alertCodes),
  level: z.enum(['info', 'warning', 'critical']),
  message: z.string(),
  labels: labelSet,
  value: z.number(),
  threshold: z.number().describe('For `unusual`: what is usual'),
  sinceMs: unixMs,
});
export const alertListSchema = z.object({ nowMs: unixMs, alerts: z.array(alert) });
export const monitoringDataSchema = z.object({
  nowMs: unixMs,
  system: metricValues,
  streams: z.array(streamSchema),
  alerts: z.array(alert),
  history: z.object({ cpu: course, memory: course }).optional(),
});
export const targetListSchema = z.array(z.object({ targets: z.array(z.string()), labels: labelSet }));

export const healthSchema = z.object({
  status: z.enum(['ok', 'degraded', 'failing']),
  ready: z.boolean(),
  version: z.string(),
  reasons: z.array(
    z.object({
      code: z.string(),
      message: z.string(),
      count: z.int(),
      streams: z.array(z.string()).optional(),
    }),
  ),
});

export const liveSchema = z.object({ status: z.literal('ok') });
export const readySchema = z.object({
  ready: z.boolean(),
  reasons: z.array(z.object({ code: z.string(), message: z.string() })).describe('Why not'),
});
