/**
 * What things cost on this host: a relay of our own under cameras and viewers on loopback, phase after phase. Differences
 * between phases are what the added load costs.
 */
import { availableParallelism } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { StartError } from '../start-error.ts';
import { openCameras, type Cameras } from './cameras.ts';
import { makeClip, type Clip } from './clip.ts';
import { explainedCores, fitMediaCost } from './fit.ts';
import type { Costs } from './model.ts';
import { RelayProcess, type Reading } from './relay-process.ts';
import { CountingViewer, viewerKit, type ViewerKit } from './viewer.ts';

export interface MeasureOptions {
  /** Shorter windows and smaller crowds: figures tremble more, and tell rather too few viewers than too many. */
  readonly isQuick: boolean;
  /** Viewers report on every packet, as browsers do; without for comparison with benches that lack it. */
  readonly hasFeedback?: boolean;
  readonly onProgress?: (what: string) => void;
}

export interface Measured {
  readonly costs: Omit<Costs, 'decode'>;
  /** The largest picture. */
  readonly clip: Clip;
  /** Of the packets that were sent to a crowd, those that arrived, where fewest did; less than all: the viewers here were slow. */
  readonly arrivedShare: number;
}

const framesPerSecond = 30;
/**
 * Most cameras are between the first and the last: many packets per picture, some, and few. Two kinds would tell two costs exactly, and
 * put all that disturbed them into these; a third takes its share off. The more viewers, the less each costs, because their reports
 * then come while the thread is awake: so they are as many as the table asks for, or as this process can read. A key frame in each
 * second makes all seconds alike.
 */
const kinds = [
  { name: 'large', width: 1920, height: 1080, bitrateBps: 8_000_000, crowd: 48 },
  { name: 'middle', width: 1920, height: 1080, bitrateBps: 4_000_000, crowd: 100 },
  { name: 'small', width: 640, height: 360, bitrateBps: 500_000, crowd: 100 },
] as const;
type Kind = (typeof kinds)[number];
const [large, middle, small] = kinds;
const cameras = 8;
/** V8 compiles for longer than that, but what runs most is done. */
const warmUpMs = 4000;
/** A join is mostly waiting, for werift's timers. */
const abreast = 16;
/** Bursts are over, and the relay's statistics have seen it. */
const settleMs = 1500;

/** Rejects with StartError. Ends every process, socket and file that it began, also then. */
export async function measure(options: MeasureOptions): Promise<Measured> {
  const relayStarts = RelayProcess.start();
  // Heard even when making the clips fails first.
  relayStarts.catch(() => undefined);
  let opened: Cameras | undefined;
  const viewers = new Set<CountingViewer>();
  try {
    const clips = {
      large: clipOf(large),
      middle: clipOf(middle),
      small: clipOf(small),
    };
    opened = await openCameras(kinds.map(({ name }) => clips[name]));
    const relay = await relayStarts;
    const phases = await run({ ...options, relay, clips, cameras: opened, kit: viewerKit(), viewers });
    const crowds = [phases.large, phases.middle, phases.small];
    const arrivedShare = Math.min(...crowds.map((crowd) => crowd.arrivedShare));
    return { clip: clips.large, arrivedShare, costs: costsOf(phases) };
  } finally {
    await leaveAll(viewers);
    await (await relayStarts.catch(() => undefined))?.close();
    await opened?.close();
  }
}

const clipOf = ({ width, height, bitrateBps }: Kind): Clip =>
  makeClip({ width, height, bitrateBps, framesPerSecond, gopFrames: framesPerSecond, title: '' });

interface Bench extends MeasureOptions {
  readonly relay: RelayProcess;
  readonly clips: Readonly<Record<Kind['name'], Clip>>;
  readonly cameras: Cameras;
  readonly kit: ViewerKit;
  /** Those that are there. */
  readonly viewers: Set<CountingViewer>;
}

interface Window {
  readonly seconds: number;
  readonly mediaCores: number;
  readonly mainCores: number;
  readonly packetsOutPerSecond: number;
  readonly end: Reading;
}

interface Alone {
  readonly kind: Kind;
  readonly clip: Clip;
  readonly alone: Window;
}

interface Crowd {
  readonly viewers: number;
  readonly crowd: Window;
  /** Of the packets for it. */
  readonly arrivedShare: number;
  /** From before the first join until all have settled. */
  readonly joins: { readonly from: Reading; readonly to: Reading; readonly seconds: number };
}

/** Cameras of one kind: alone, and with viewers of one of them. */
type Load = Alone & Crowd;

interface Phases {
  /** Before anything was there. */
  readonly fresh: Reading;
  readonly large: Load;
  readonly middle: Load;
  /** A viewer for each camera of the middle kind. */
  readonly oneEach: Window;
  readonly small: Load;
  readonly idle: Window;
}

async function run(bench: Bench): Promise<Phases> {
  const { relay, viewers, onProgress = () => undefined } = bench;
  const fresh = await relay.read();
  onProgress('warming up');
  await relay.addStreams(streamsOf(bench, large));
  await delay(settleMs);
  // Code is compiled with the first viewers, not with each: they come before the cameras are looked at alone.
  const largeCrowd = await withCrowd(bench, large, warmUpMs);
  const largeLoad = { ...(await aloneOf(bench, large)), ...largeCrowd };
  await relay.removeStreams(streamsOf(bench, large).keys());

  await relay.addStreams(streamsOf(bench, middle));
  const middleLoad = { ...(await aloneOf(bench, middle)), ...(await withCrowd(bench, middle)) };
  onProgress('one viewer each');
  await joinMany(bench, cameras, (index) => `middle-${index}`);
  await delay(settleMs);
  const oneEach = await window(bench);
  await leaveAll(viewers);
  await relay.removeStreams(streamsOf(bench, middle).keys());

  await relay.addStreams(streamsOf(bench, small));
  const smallLoad = { ...(await aloneOf(bench, small)), ...(await withCrowd(bench, small)) };
  await relay.removeStreams(streamsOf(bench, small).keys());

  // Last, when nothing is compiled any more.
  onProgress('an idle relay');
  await delay(settleMs);
  const idle = await window(bench, true);
  return { fresh, large: largeLoad, middle: middleLoad, oneEach, small: smallLoad, idle };
}

/** The streams are there, and nobody watches. */
async function aloneOf(bench: Bench, kind: Kind): Promise<Alone> {
  const { onProgress = () => undefined } = bench;
  const clip = bench.clips[kind.name];
  onProgress(`${cameras} cameras of ${mbps(clip)}`);
  await delay(settleMs);
  return { kind, clip, alone: await window(bench) };
}

/** Viewers of the first of them, who leave again. */
async function withCrowd(bench: Bench, kind: Kind, settledMs = settleMs): Promise<Crowd> {
  const { relay, viewers, onProgress = () => undefined } = bench;
  const count = bench.isQuick ? Math.ceil(kind.crowd / 4) : kind.crowd;
  onProgress(`${count} viewers of one of ${cameras} cameras of ${mbps(bench.clips[kind.name])}`);
  const joining = { from: await relay.read(), fromMs: performance.now() };
  // Being read once a second is part of every window, so it has to be part of this one.
  const reading = setInterval(() => void relay.read().catch(() => undefined), 1000);
  try {
    await joinMany(bench, count, () => `${kind.name}-0`);
    await delay(settledMs);
  } finally {
    clearInterval(reading);
  }
  const to = await relay.read();
  const joins = { from: joining.from, to, seconds: (performance.now() - joining.fromMs) / 1000 };
  const before = arrivedPackets(bench);
  const crowd = await window(bench);
  const arrived = arrivedPackets(bench) - before;
  await leaveAll(viewers);
  const arrivedShare = Math.min(1, arrived / (crowd.packetsOutPerSecond * crowd.seconds));
  return { viewers: count, crowd, joins, arrivedShare };
}

function costsOf(phases: Phases): Omit<Costs, 'decode'> {
  const { idle, middle: middleLoad, oneEach, small: smallLoad } = phases;
  const loads = [phases.large, middleLoad, smallLoad];
  const receive = fitMediaCost(
    loads.map(({ clip, alone }) => ({
      cores: alone.mediaCores - idle.mediaCores,
      framesPerSecond: cameras * framesPerSecond,
      packetsPerSecond: cameras * packetsPerSecondOf(clip),
    })),
  );
  const coresOfCrowd = ({ alone, crowd }: Load): number => crowd.mediaCores - alone.mediaCores;
  const eachOfCrowd = coresOfCrowd(middleLoad) / middleLoad.viewers;
  const eachAlone = (oneEach.mediaCores - middleLoad.alone.mediaCores) / cameras;
  if (!(eachOfCrowd > 0)) throw new StartError(tooBusy);
  // `n` in a crowd cost as much as `n + firstViewerExtra`, and one alone as much as `1 + firstViewerExtra`.
  const ratio = Math.max(1, eachAlone / eachOfCrowd);
  const firstViewerExtra = Math.max(0, (ratio - 1) / (1 - ratio / middleLoad.viewers));
  const send = fitMediaCost(
    loads.map((load) => {
      const viewers = load.viewers + firstViewerExtra;
      const packets = load.crowd.packetsOutPerSecond - load.alone.packetsOutPerSecond;
      return {
        cores: coresOfCrowd(load),
        framesPerSecond: viewers * framesPerSecond,
        packetsPerSecond: (viewers * packets) / load.viewers,
      };
    }),
  );
  if (send.usPerFrame + send.usPerPacket === 0 || receive.usPerFrame + receive.usPerPacket === 0)
    throw new StartError(tooBusy);

  // Whoever joins gets the group of pictures so far, half of one on average, and then live pictures.
  const { alone, clip, joins } = smallLoad;
  const sentPackets = joins.to.packetsOut - joins.from.packetsOut;
  const perPicture = packetsPerSecondOf(clip) / framesPerSecond;
  const livePictures = Math.max(0, sentPackets / perPicture - (smallLoad.viewers * framesPerSecond) / 2);
  const sentSeconds = explainedCores(send, { framesPerSecond: livePictures, packetsPerSecond: sentPackets });
  const mediaSeconds = joins.to.mediaCpuSeconds - joins.from.mediaCpuSeconds;
  const mainSeconds = mainCpuSeconds(joins.to) - mainCpuSeconds(joins.from);
  const perJoinMs = (seconds: number): number => (Math.max(0, seconds) * 1000) / smallLoad.viewers;
  return {
    idle: { mediaCores: idle.mediaCores, mainCores: idle.mainCores },
    receive,
    send,
    firstViewerExtra,
    mainCoresPerStream: Math.max(0, phases.large.alone.mainCores - idle.mainCores) / cameras,
    join: {
      mediaMs: perJoinMs(mediaSeconds - alone.mediaCores * joins.seconds - sentSeconds),
      mainMs: perJoinMs(mainSeconds - alone.mainCores * joins.seconds),
    },
    memory: memoryOf(phases),
  };
}

const tooBusy =
  'What cameras and viewers cost does not stand out from what else runs on this host; measure again when it is idle, without --quick.';

const windowSeconds = ({ isQuick }: MeasureOptions): number => (isQuick ? 2 : 4);
const mbps = ({ bitrateBps }: Clip): string => `${(bitrateBps / 1e6).toFixed(1)} Mbit/s`;
const mainCpuSeconds = (reading: Reading): number => reading.processCpuSeconds - reading.mediaCpuSeconds;
const arrivedPackets = ({ viewers }: Bench): number =>
  [...viewers].reduce((sum, viewer) => sum + viewer.packets, 0);

function packetsPerSecondOf({ pictures, framesPerSecond }: Clip): number {
  const packets = pictures.reduce((sum, { packetsAt }) => sum + packetsAt.length, 0);
  return (packets * framesPerSecond) / pictures.length;
}

/**
 * What was used in the next seconds: medians of single ones, so that something else that ran for a moment does not count. The media
 * thread's figures are as old as the relay's last statistics (a second at most), so its time is told by the cameras'
 * pictures, which are counted in the same statistics.
 */
async function window(bench: Bench, isIdle = false): Promise<Window> {
  const samples: Sample[] = [];
  using _ = stayAwake();
  const fromMs = performance.now();
  const begin = await bench.relay.read();
  let last = begin;
  for (let second = 0; second < windowSeconds(bench); second++) {
    await delay(1000);
    const next = await bench.relay.read();
    const seconds = isIdle ? 1 : (next.framesIn - last.framesIn) / (cameras * framesPerSecond);
    // No statistics in between.
    if (seconds < 0.5) continue;
    samples.push({
      mediaCores: (next.mediaCpuSeconds - last.mediaCpuSeconds) / seconds,
      packetsOutPerSecond: (next.packetsOut - last.packetsOut) / seconds,
    });
    last = next;
  }
  const end = await bench.relay.read();
  const seconds = (performance.now() - fromMs) / 1000;
  const mediaCores = median(samples.map((sample) => sample.mediaCores));
  return {
    seconds,
    mediaCores,
    mainCores: Math.max(0, (end.processCpuSeconds - begin.processCpuSeconds) / seconds - mediaCores),
    packetsOutPerSecond: median(samples.map((sample) => sample.packetsOutPerSecond)),
    end,
  };
}

/**
 * Until disposed of, the event loop here looks for packets without ever waiting. On loopback the sender is charged for waking
 * whoever waits for its packet, which no network does, and the less is sent the more often: small streams would seem as
 * costly as large ones. Where there is no core to spare, that is left as it is.
 */
function stayAwake(): Disposable {
  let isAwake = availableParallelism() > 1;
  const look = (): void => {
    if (isAwake) setImmediate(look);
  };
  look();
  return {
    [Symbol.dispose]() {
      isAwake = false;
    },
  };
}

interface Sample {
  readonly mediaCores: number;
  readonly packetsOutPerSecond: number;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return ((sorted[Math.floor(middle)] ?? NaN) + (sorted[Math.ceil(middle) - 1] ?? NaN)) / 2;
}

function streamsOf({ cameras: opened }: Bench, kind: Kind): Map<string, string> {
  const clip = kinds.indexOf(kind);
  return new Map(
    Array.from({ length: cameras }, (_, index) => [`${kind.name}-${index}`, opened.url(clip, index)]),
  );
}

async function joinMany(bench: Bench, count: number, streamOf: (index: number) => string): Promise<void> {
  const { relay, kit, viewers, hasFeedback = true } = bench;
  for (let first = 0; first < count; first += abreast) {
    const batch = Array.from({ length: Math.min(abreast, count - first) }, async (_, offset) => {
      const stream = streamOf(first + offset);
      const viewer = await CountingViewer.join(kit, { relayUrl: relay.url, stream, hasFeedback });
      viewers.add(viewer);
    });
    await Promise.all(batch);
  }
}

async function leaveAll(viewers: Set<CountingViewer>): Promise<void> {
  const those = [...viewers];
  await Promise.all(those.map((viewer) => viewer.leave()));
  for (const viewer of those) viewers.delete(viewer);
}

/** Of one viewer, by bench/memory.ts with two hundred of them: garbage may hide so little among the few here. */
const leastBytesPerViewer = 200_000;

/** Resident memory moves with garbage: never less than the native memory, which is exact, and the most of several differences. */
function memoryOf({ fresh, large: rich, middle: some, oneEach, small: poor }: Phases): Costs['memory'] {
  const grown = (from: Reading, to: Reading, count: number): number =>
    Math.max(to.arenaBytes - from.arenaBytes, to.residentBytes - from.residentBytes, 0) / count;
  const lessBps = rich.clip.bitrateBps - poor.clip.bitrateBps;
  const perBps = Math.max(0, rich.alone.end.arenaBytes - poor.alone.end.arenaBytes) / cameras / lessBps;
  return {
    idleBytes: fresh.residentBytes,
    bytesPerViewer: Math.max(
      leastBytesPerViewer,
      grown(some.alone.end, oneEach.end, cameras),
      ...[rich, some, poor].map(({ viewers, joins, crowd }) => grown(joins.from, crowd.end, viewers)),
    ),
    bytesPerStream: Math.max(0, grown(fresh, rich.joins.from, cameras) - perBps * rich.clip.bitrateBps),
    bytesPerBps: perBps,
  };
}
