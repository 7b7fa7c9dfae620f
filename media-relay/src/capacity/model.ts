/** What a load needs of a host, from what single things cost there. Pure: docs/CAPACITY.md has the same formulas in words. */

/** CPU in microseconds of the media thread: for each picture, and for each packet of it. */
export interface MediaCost {
  readonly usPerFrame: number;
  readonly usPerPacket: number;
}

/** Measured on the host. Bit rates are those of the pictures, before any header. */
export interface Costs {
  /** Cores (CPU seconds per second) of a relay without streams. */
  readonly idle: { readonly mediaCores: number; readonly mainCores: number };
  /** From a camera over TCP to cached, packetised pictures. */
  readonly receive: MediaCost;
  /** To one viewer more of a stream that is watched already. */
  readonly send: MediaCost;
  /** What the first viewer of a stream costs besides, as a share of `send`. */
  readonly firstViewerExtra: number;
  /** Cores of the main thread for each stream: statistics, metrics, states. */
  readonly mainCoresPerStream: number;
  readonly join: { readonly mediaMs: number; readonly mainMs: number };
  readonly memory: {
    readonly idleBytes: number;
    readonly bytesPerViewer: number;
    /** Of a stream: a part that it always needs, and one for each bit per second (its cached pictures). */
    readonly bytesPerStream: number;
    readonly bytesPerBps: number;
  };
  /** Undefined without ffmpeg. */
  readonly decode: DecodeCosts | undefined;
}

export interface DecodeCosts {
  /** CPU of one snapshot, start of ffmpeg included. */
  readonly snapshotMs: number;
  /** Cores for one stream as moving JPEGs. */
  readonly mjpegCores: number;
}

export interface Host {
  /** Cores that may be used; a fraction where a quota says so. */
  readonly cpus: number;
  readonly memoryBytes: number;
  /** Undefined when the system does not tell. */
  readonly networkBps: number | undefined;
  readonly mediaThreads: number;
  /** Streams that ffmpeg may turn into JPEGs at once; 0 without ffmpeg. */
  readonly decoders: number;
  /** Of the configuration. */
  readonly maxViewers: number;
  readonly maxViewerBps: number | undefined;
}

export interface StreamLoad {
  readonly bitrateBps: number;
  readonly framesPerSecond: number;
  readonly viewers: number;
  /** Moving JPEGs are made of it. */
  readonly isTranscoded: boolean;
}

export const resourceNames = [
  'media-thread',
  'cpu',
  'memory',
  'network',
  'ffmpeg-pool',
  'limits-viewers',
  'limits-bitrate',
] as const;
export type ResourceName = (typeof resourceNames)[number];

export interface ResourceUse {
  readonly name: ResourceName;
  readonly used: number;
  /** What may be planned with: the whole times `planned`. */
  readonly limit: number;
}

export interface Prediction {
  readonly viewers: number;
  /** Of the busiest media thread. */
  readonly threadCores: number;
  /** Of all threads and programs. */
  readonly cores: number;
  readonly memoryBytes: number;
  /** The busier direction, with all headers. */
  readonly networkBps: number;
  readonly uses: readonly ResourceUse[];
  /** The one that runs out first. */
  readonly first: ResourceUse;
  /** Its use divided by its limit: the load fits while this is at most 1. */
  readonly share: number;
}

/** Shares of the whole that may be planned with; what is beyond is for bursts, bad hours and growth. */
export const planned = {
  /** Beyond, frames begin to wait for each other. */
  'media-thread': 0.7,
  cpu: 0.8,
  memory: 0.8,
  network: 0.8,
  'ffmpeg-pool': 1,
  'limits-viewers': 1,
  'limits-bitrate': 1,
} as const satisfies Record<ResourceName, number>;

const payloadBytes = { fromCamera: 1400, toViewer: 1170 } as const;
/** Ethernet with preamble and gap 38, IPv4 20, UDP 8, RTP 12 with extension 8, SRTP tag 16; and TCP 20 with RTSP's 4. */
const overheadBytes = { fromCamera: 38 + 20 + 20 + 4 + 12, toViewer: 38 + 20 + 8 + 20 + 16 } as const;
/** Resident memory that the pool reckons with for each ffmpeg (decode/pool.ts). */
const decoderBytes = 96 * 2 ** 20;

/** Packets per second: each picture ends in a packet that is, on average, half full. */
export function packetsPerSecond(
  { bitrateBps, framesPerSecond }: Pick<StreamLoad, 'bitrateBps' | 'framesPerSecond'>,
  direction: keyof typeof payloadBytes,
): number {
  return bitrateBps / (8 * payloadBytes[direction]) + framesPerSecond / 2;
}

function cores(cost: MediaCost, framesPerSecond: number, packets: number): number {
  return (cost.usPerFrame * framesPerSecond + cost.usPerPacket * packets) / 1e6;
}

export const receiveCores = (stream: StreamLoad, { receive }: Pick<Costs, 'receive'>): number =>
  cores(receive, stream.framesPerSecond, packetsPerSecond(stream, 'fromCamera'));

/** To all viewers of one stream. */
export function sendCores(
  stream: StreamLoad,
  { send, firstViewerExtra }: Pick<Costs, 'send' | 'firstViewerExtra'>,
): number {
  if (stream.viewers === 0) return 0;
  const each = cores(send, stream.framesPerSecond, packetsPerSecond(stream, 'toViewer'));
  return each * (stream.viewers + firstViewerExtra);
}

/** What the load needs of the host, and what runs out first. */
export function predict(streams: readonly StreamLoad[], costs: Costs, host: Host): Prediction {
  const threads = spread(
    streams.map((stream) => receiveCores(stream, costs) + sendCores(stream, costs)),
    host.mediaThreads,
  );
  const media = threads.map((load) => load + costs.idle.mediaCores);
  const transcoded = streams.filter(({ isTranscoded }) => isTranscoded).length;
  const viewers = total(streams, (stream) => stream.viewers);
  const decoding = transcoded * (costs.decode?.mjpegCores ?? 0);
  const mainCores = costs.idle.mainCores + streams.length * costs.mainCoresPerStream;
  const running = Math.min(transcoded, host.decoders);
  const { memory } = costs;
  const memoryBytes =
    memory.idleBytes +
    total(streams, ({ bitrateBps }) => memory.bytesPerStream + memory.bytesPerBps * bitrateBps) +
    viewers * memory.bytesPerViewer +
    running * decoderBytes;
  const viewerBps = total(streams, (stream) => stream.viewers * stream.bitrateBps);
  const inBps = total(streams, (stream) => wireBps(stream, 'fromCamera'));
  const outBps = total(streams, (stream) => stream.viewers * wireBps(stream, 'toViewer'));
  const threadCores = Math.max(...media);
  const allCores = media.reduce((sum, load) => sum + load, mainCores + decoding);
  const networkBps = Math.max(inBps, outBps);
  const use = (name: ResourceName, used: number, whole: number | undefined): ResourceUse[] =>
    whole === undefined ? [] : [{ name, used, limit: whole * planned[name] }];
  const uses = [
    // A thread has no more than a core, and not even that under a quota of less.
    ...use('media-thread', threadCores, Math.min(1, host.cpus)),
    ...use('cpu', allCores, host.cpus),
    ...use('memory', memoryBytes, host.memoryBytes),
    ...use('network', networkBps, host.networkBps),
    ...(transcoded > 0 ? use('ffmpeg-pool', transcoded, host.decoders) : []),
    ...use('limits-viewers', viewers, host.maxViewers),
    ...use('limits-bitrate', viewerBps, host.maxViewerBps),
  ];
  const first = uses.reduce((worst, other) => (shareOf(other) > shareOf(worst) ? other : worst));
  return {
    viewers,
    threadCores,
    cores: allCores,
    memoryBytes,
    networkBps,
    uses,
    first,
    share: shareOf(first),
  };
}

/** Infinity where there is nothing to be used. */
export function shareOf({ used, limit }: ResourceUse): number {
  if (used === 0) return 0;
  return limit > 0 ? used / limit : Infinity;
}

/** The largest number up to `most` whose load fits; 0 when not even one does. More must never need less. */
export function mostThatFits(fits: (count: number) => boolean, most: number): number {
  let low = 0;
  let high = most + 1;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (fits(middle)) low = middle;
    else high = middle;
  }
  return low;
}

/** Cost per camera and year of a host that costs `pricePerYear` in any currency. */
export const pricePerCamera = (pricePerYear: number, cameras: number): number => pricePerYear / cameras;

function wireBps(stream: StreamLoad, direction: keyof typeof overheadBytes): number {
  return stream.bitrateBps + 8 * overheadBytes[direction] * packetsPerSecond(stream, direction);
}

/** Loads on so many threads, each to the one with the least so far, the heaviest first. */
function spread(loads: readonly number[], threads: number): number[] {
  const sums = Array.from({ length: threads }, () => 0);
  for (const load of loads.toSorted((a, b) => b - a)) {
    const lightest = sums.indexOf(Math.min(...sums));
    sums[lightest] = (sums[lightest] ?? 0) + load;
  }
  return sums;
}

function total(streams: readonly StreamLoad[], of: (stream: StreamLoad) => number): number {
  return streams.reduce((sum, stream) => sum + of(stream), 0);
}
