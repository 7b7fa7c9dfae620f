/**
 * What things cost on this host: a relay of our own under cameras and viewers on loopback, phase after phase. Differences
 * between phases are what the added load costs.
 */
import { availableParallelism } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { StartError } from '../start-error.ts';
import { openCameras, type Cameras } from './cameras.ts';
import { makeClip, type Clip } from './clip.ts';
import { explainedCores, fitMediaCost, type Rate } from './fit.ts';
import type { Costs } from './model.ts';
import { RelayProcess, type Reading } from './relay-process.ts';
import { CountingViewer, viewerKit, type ViewerKit } from './viewer.ts';

export interface MeasureOptions {
  /** Shorter windows: figures within a quarter instead of a tenth. */
  readonly isQuick: boolean;
  /** Viewers report on every packet, as browsers do; without for comparison with benches that lack it. */
  readonly hasFeedback?: boolean;
  readonly onProgress?: (what: string) => void;
}

export interface Measured {
  readonly costs: Omit<Costs, 'decode'>;
  /** The larger picture. */
  readonly clip: Clip;
  /** Of the packets that were sent to viewers, those that arrived; less than all means that the viewers here were slow. */
  readonly arrivedShare: number;
}

/** Between these two, most cameras are. A key frame in each second makes all seconds alike. */
const large = { width: 1920, height: 1080, framesPerSecond: 30, gopFrames: 30, bitrateBps: 8_000_000 };
const small = { width: 640, height: 360, framesPerSecond: 30, gopFrames: 30, bitrateBps: 500_000 };
const cameras = 8;
/** Viewers of one stream, in the phases with many. */
const crowd = { large: 16, small: 40 } as const;
const warmUpViewers = 8;
const abreast = 4;
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
    const clips = [makeClip({ ...large, title: '' }), makeClip({ ...small, title: '' })] as const;
    opened = await openCameras(clips);
    const relay = await relayStarts;
    const phases = await run({ ...options, relay, clips, cameras: opened, kit: viewerKit(), viewers });
    return { clip: clips[0], arrivedShare: phases.arrivedShare, costs: costsOf(phases, clips) };
  } finally {
    await leaveAll(viewers);
    await (await relayStarts.catch(() => undefined))?.close();
    await opened?.close();
  }
}

interface Bench extends MeasureOptions {
  readonly relay: RelayProcess;
  readonly clips: readonly [large: Clip, small: Clip];
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

interface Phases {
  /** Before anything was there. */
  readonly fresh: Reading;
  readonly idle: Window;
  readonly largeAlone: Window;
  readonly largeOneEach: Window;
  readonly largeCrowd: Window;
  /** Of the packets of the last one. */
  readonly arrivedShare: number;
  readonly smallAlone: Window;
  /** When all have joined, and how long after `smallAlone`. */
  readonly joined: Reading;
  readonly joinSeconds: number;
  readonly smallCrowd: Window;
}

async function run(bench: Bench): Promise<Phases> {
  const { relay, clips, viewers, onProgress = () => undefined } = bench;
  const [largeClip, smallClip] = clips;

  const fresh = await relay.read();
  onProgress(`${cameras} cameras of ${mbps(largeClip)}`);
  await relay.addStreams(streamsOf(bench, 0));
  // Code is compiled with the first viewers, not with each.
  await joinMany(bench, warmUpViewers, () => 'large-0');
  await delay(settleMs);
  await leaveAll(viewers);
  await delay(settleMs / 2);
  const largeAlone = await window(bench, largeClip);

  onProgress('one viewer each');
  await joinMany(bench, cameras, (index) => `large-${index}`);
  await delay(settleMs);
  const largeOneEach = await window(bench, largeClip);

  onProgress(`${crowd.large} viewers more of one of them`);
  await joinMany(bench, crowd.large, () => 'large-0');
  await delay(settleMs);
  const before = arrivedPackets(bench);
  const largeCrowd = await window(bench, largeClip);
  const arrived = arrivedPackets(bench) - before;
  await leaveAll(viewers);
  await relay.removeStreams(streamsOf(bench, 0).keys());

  onProgress(`${cameras} cameras of ${mbps(smallClip)}`);
  await relay.addStreams(streamsOf(bench, 1));
  await delay(settleMs);
  const smallAlone = await window(bench, smallClip);

  onProgress(`${crowd.small} viewers join one of them`);
  const joinsFromMs = performance.now();
  // Being read once a second is part of every window, so it has to be part of this one.
  const reading = setInterval(() => void relay.read().catch(() => undefined), 1000);
  try {
    await joinMany(bench, crowd.small, () => 'small-0');
    await delay(settleMs);
  } finally {
    clearInterval(reading);
  }
  const joined = await relay.read();
  const joinSeconds = (performance.now() - joinsFromMs) / 1000;
  const smallCrowd = await window(bench, smallClip);

  // Last, when nothing is compiled any more.
  onProgress('an idle relay');
  await leaveAll(viewers);
  await relay.removeStreams(streamsOf(bench, 1).keys());
  await delay(settleMs);
  const idle = await window(bench, undefined);
  return {
    fresh,
    idle,
    largeAlone,
    largeOneEach,
    largeCrowd,
    arrivedShare: Math.min(1, arrived / (largeCrowd.packetsOutPerSecond * largeCrowd.seconds)),
    smallAlone,
    joined,
    joinSeconds,
    smallCrowd,
  };
}

function costsOf(phases: Phases, clips: Bench['clips']): Omit<Costs, 'decode'> {
  const { idle, largeAlone, largeOneEach, largeCrowd, smallAlone, joined, joinSeconds, smallCrowd } = phases;
  const [largeClip, smallClip] = clips;
  const received = (clip: Clip, { mediaCores }: Window): Rate => ({
    cores: mediaCores - idle.mediaCores,
    framesPerSecond: cameras * clip.framesPerSecond,
    packetsPerSecond: cameras * packetsPerSecondOf(clip),
  });
  const sent = (more: Window, less: Window, viewers: number, clip: Clip): Rate => ({
    cores: more.mediaCores - less.mediaCores,
    framesPerSecond: viewers * clip.framesPerSecond,
    packetsPerSecond: more.packetsOutPerSecond - less.packetsOutPerSecond,
  });
  const receive = fitMediaCost(received(largeClip, largeAlone), received(smallClip, smallAlone));
  const smallSent = sent(smallCrowd, smallAlone, crowd.small, smallClip);
  const send = fitMediaCost(sent(largeCrowd, largeOneEach, crowd.large, largeClip), smallSent);
  const oneEach = sent(largeOneEach, largeAlone, cameras, largeClip);
  const explained = explainedCores(send, oneEach);
  if (!(explained > 0) || receive.usPerFrame + receive.usPerPacket === 0) throw new StartError(tooBusy);

  // Whoever joins gets the group of pictures so far, half of one on average, and then live pictures.
  const sentPackets = joined.packetsOut - smallAlone.end.packetsOut;
  const perPicture = packetsPerSecondOf(smallClip) / smallClip.framesPerSecond;
  const livePictures = Math.max(0, sentPackets / perPicture - (crowd.small * small.gopFrames) / 2);
  const sentSeconds = explainedCores(send, { framesPerSecond: livePictures, packetsPerSecond: sentPackets });
  const mediaSeconds = joined.mediaCpuSeconds - smallAlone.end.mediaCpuSeconds;
  const mainSeconds = mainCpuSeconds(joined) - mainCpuSeconds(smallAlone.end);
  const perJoinMs = (seconds: number): number => (Math.max(0, seconds) * 1000) / crowd.small;
  return {
    idle: { mediaCores: idle.mediaCores, mainCores: idle.mainCores },
    receive,
    send,
    firstViewerExtra: Math.max(0, oneEach.cores / explained - 1),
    mainCoresPerStream: Math.max(0, largeAlone.mainCores - idle.mainCores) / cameras,
    join: {
      mediaMs: perJoinMs(mediaSeconds - smallAlone.mediaCores * joinSeconds - sentSeconds),
      mainMs: perJoinMs(mainSeconds - smallAlone.mainCores * joinSeconds),
    },
    memory: memoryOf(phases, clips),
  };
}

const tooBusy =
  'What cameras and viewers cost does not stand out from what else runs on this host; measure again when it is idle, without --quick.';

const windowSeconds = ({ isQuick }: MeasureOptions): number => (isQuick ? 2 : 5);
const mainCpuSeconds = (reading: Reading): number => reading.processCpuSeconds - reading.mediaCpuSeconds;
const mbps = ({ bitrateBps }: Clip): string => `${(bitrateBps / 1e6).toFixed(1)} Mbit/s`;
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
async function window(bench: Bench, clip: Clip | undefined): Promise<Window> {
  const samples: Sample[] = [];
  using _ = stayAwake();
  const fromMs = performance.now();
  const begin = await bench.relay.read();
  let last = begin;
  for (let second = 0; second < windowSeconds(bench); second++) {
    await delay(1000);
    const next = await bench.relay.read();
    const seconds =
      clip === undefined ? 1 : (next.framesIn - last.framesIn) / (cameras * clip.framesPerSecond);
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

function streamsOf({ cameras: opened }: Bench, clip: 0 | 1): Map<string, string> {
  const kind = clip === 0 ? 'large' : 'small';
  return new Map(
    Array.from({ length: cameras }, (_, index) => [`${kind}-${index}`, opened.url(clip, index)]),
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
function memoryOf(phases: Phases, [largeClip, smallClip]: Bench['clips']): Costs['memory'] {
  const { fresh, largeAlone, largeOneEach, largeCrowd, smallAlone, smallCrowd } = phases;
  const grown = ({ end: from }: Pick<Window, 'end'>, { end: to }: Window, count: number): number =>
    Math.max(to.arenaBytes - from.arenaBytes, to.residentBytes - from.residentBytes, 0) / count;
  const lessBps = largeClip.bitrateBps - smallClip.bitrateBps;
  const perBps = Math.max(0, largeAlone.end.arenaBytes - smallAlone.end.arenaBytes) / cameras / lessBps;
  return {
    idleBytes: fresh.residentBytes,
    bytesPerViewer: Math.max(
      leastBytesPerViewer,
      grown(largeOneEach, largeCrowd, crowd.large),
      grown(largeAlone, largeCrowd, cameras + crowd.large),
      grown(smallAlone, smallCrowd, crowd.small),
    ),
    bytesPerStream: Math.max(0, grown({ end: fresh }, largeAlone, cameras) - perBps * largeClip.bitrateBps),
    bytesPerBps: perBps,
  };
}
