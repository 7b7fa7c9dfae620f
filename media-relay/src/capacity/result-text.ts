/** The answer for people. Pure. */
import {
  pricePerCamera,
  receiveCores,
  sendCores,
  shareOf,
  type Costs,
  type Host,
  type ResourceName,
  type ResourceUse,
} from './model.ts';
import type { CapacityResult } from './result.ts';
import type { Most, Row, ScenarioName } from './scenarios.ts';

const scenarioTitles: Readonly<Record<ScenarioName, string>> = {
  'one-viewer-per-camera': 'one viewer per camera',
  'wall-of-16': 'one wall of 16 tiles',
  '100-viewers-of-one': '100 viewers of one camera',
  'transcoding-all': 'moving JPEGs of all cameras',
};

const limitTitles: Readonly<Record<ResourceName, string>> = {
  'media-thread': 'CPU of one media thread',
  cpu: 'CPU of all cores',
  memory: 'memory',
  network: 'network',
  'ffmpeg-pool': 'ffmpeg pool',
  'limits-viewers': 'limits.viewers',
  'limits-bitrate': 'limits.bitrate',
};

export function resultText(result: CapacityResult): string {
  const { host, costs, camera, rows, own, most, hostPricePerYear, withoutDecoding, arrivedShare } = result;
  const table = ['fits', 'cameras', 'viewers', 'thread', 'all cores', 'memory', 'network', 'runs out first'];
  const lines = [
    ...hostLines(host),
    '',
    ...costLines(costs, camera.bitrateBps),
    ...(withoutDecoding === undefined ? [] : [`decoding: not measured. ${withoutDecoding}`]),
    ...(arrivedShare < 0.9
      ? [
          `Only ${percent(arrivedShare)} of the packets arrived at the viewers: this host was busy with something else; ` +
            'measure again when it is idle.',
        ]
      : []),
    '',
    `Cameras of ${megabits(camera.bitrateBps)} Mbit/s, ${camera.framesPerSecond} frames per second:`,
    '',
    ...columns([table, ...rowLines(rows)]),
    ...(own.length === 0 ? [] : ['', 'Your configuration:', '', ...columns([table, ...rowLines(own)])]),
    '',
    'The most that fits, each for itself:',
    '',
    ...columns([
      ['Mbit/s', 'cameras, a viewer each', 'viewers of one', 'cameras as JPEGs', 'runs out first'],
      ...most.map(mostLine),
    ]),
    ...priceLines(most, camera.bitrateBps, hostPricePerYear),
    '',
    'docs/CAPACITY.md says how this is measured and what it does not know.',
  ];
  return `${lines.join('\n')}\n`;
}

function hostLines({ cpus, memoryBytes, networkBps, mediaThreads, decoders }: Host): string[] {
  const network =
    networkBps === undefined ? 'network speed unknown' : `network ${megabits(networkBps)} Mbit/s`;
  return [
    `This host: ${decimals(cpus)} cores, ${megabytes(memoryBytes)} MB of memory, ${network}; ` +
      `${mediaThreads} media thread${mediaThreads === 1 ? '' : 's'}, ${decoders} streams as moving JPEGs at once.`,
  ];
}

function costLines(costs: Costs, bitrateBps: number): string[] {
  const stream = { bitrateBps, framesPerSecond: 30, viewers: 1, isTranscoded: false };
  const one = { ...costs, firstViewerExtra: 0 };
  const { send, receive, join, memory, decode } = costs;
  return [
    `receive   ${decimals(receive.usPerFrame)} us per picture and ${decimals(receive.usPerPacket)} us per packet: ` +
      `${percent(receiveCores(stream, costs), 2)} of a core for a camera of ${megabits(bitrateBps)} Mbit/s`,
    `send      ${decimals(send.usPerFrame)} us per picture and ${decimals(send.usPerPacket)} us per packet: ` +
      `${percent(sendCores(stream, one), 2)} of a core for a viewer of it, the first ${decimals(1 + costs.firstViewerExtra)} times that`,
    `join      ${decimals(join.mediaMs)} ms on the media thread, ${decimals(join.mainMs)} ms on the main thread`,
    `memory    ${megabytes(memory.idleBytes)} MB without streams, ` +
      `${decimals((memory.bytesPerStream + memory.bytesPerBps * bitrateBps) / 1e6)} MB per stream, ` +
      `${decimals(memory.bytesPerViewer / 1e6)} MB per viewer`,
    ...(decode === undefined
      ? []
      : [
          `decoding  ${decimals(decode.snapshotMs)} ms per snapshot, ${percent(decode.mjpegCores)} of a core per stream as moving JPEGs (1080p)`,
        ]),
  ];
}

function rowLines(rows: readonly Row[]): string[][] {
  return rows.flatMap(({ scenario, cameras, prediction }, index) => {
    const { viewers, threadCores, cores, memoryBytes, networkBps, first, share } = prediction;
    const title = rows[index - 1]?.scenario === scenario ? [] : [[scenarioTitles[scenario]]];
    return [
      ...title,
      [
        share <= 1 ? 'yes' : 'NO',
        String(cameras),
        String(viewers),
        percent(threadCores),
        percent(cores),
        `${megabytes(memoryBytes)} MB`,
        `${megabits(networkBps)} Mbit/s`,
        limitText(first),
      ],
    ];
  });
}

function limitText(use: ResourceUse): string {
  const share = shareOf(use);
  return `${limitTitles[use.name]}${Number.isFinite(share) ? `, ${percent(share)}` : ': none there'}`;
}

function mostLine({ bitrateBps, cameras, viewersOfOne, transcoded, firstLimit }: Most): string[] {
  return [
    megabits(bitrateBps),
    String(cameras),
    String(viewersOfOne),
    String(transcoded),
    limitTitles[firstLimit.cameras],
  ];
}

function priceLines(most: readonly Most[], bitrateBps: number, price: number | undefined): string[] {
  const fitting = most.find((line) => line.bitrateBps === bitrateBps)?.cameras ?? 0;
  if (price === undefined || fitting === 0) return [];
  const shown = [10, 40, fitting].filter(
    (cameras, index) => cameras <= fitting && (index < 2 || cameras > 40),
  );
  return [
    '',
    `At ${decimals(price)} per year for this host, a camera with a viewer costs per year: ` +
      `${shown.map((cameras) => `${decimals(pricePerCamera(price, cameras), 2)} with ${cameras} cameras`).join(', ')}.`,
  ];
}

/** A line of one cell is a heading. */
function columns(lines: readonly (readonly string[])[]): string[] {
  const table = lines.filter((line) => line.length > 1);
  const widths = (table[0] ?? []).map((_, column) =>
    Math.max(...table.map((line) => line[column]?.length ?? 0)),
  );
  const last = widths.length - 1;
  return lines.map((line) =>
    line.length === 1
      ? (line[0] ?? '')
      : line.map((cell, column) => (column === last ? cell : cell.padStart(widths[column] ?? 0))).join('  '),
  );
}

const decimals = (value: number, digits = 1): string => value.toFixed(digits);
const percent = (share: number, digits = 0): string => `${(share * 100).toFixed(digits)} %`;
const megabits = (bps: number): string => String(Number((bps / 1e6).toFixed(1)));
const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(0);
