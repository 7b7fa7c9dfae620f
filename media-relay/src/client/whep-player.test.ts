/** A wall of players whose network lets no media through, by a clock of its own. Browsers do the same in e2e/ice-tcp.test.ts. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { TileState } from '../stream/states.ts';
import { Gate } from './gate.ts';
import { MediaPaths } from './media-paths.ts';
import { OFFER_SPACING_MS, OfferPace } from './offer-pace.ts';
import type { SignalResponse } from './signalling.ts';
import { WhepPlayer } from './whep-player.ts';

const ANSWER_MS = 40;
const PATH_MS = 60;

/** Media ports that the network lets through. */
const openPorts = new Set<number>();
let peersMade = 0;
const joining = new Set<Peer>();
const connected = new Set<Peer>();

/** As much of an RTCPeerConnection as a join needs: connects when its port is open, at once or later. */
class Peer extends EventTarget {
  connectionState = 'new';
  readonly localDescription = { sdp: 'v=0\r\n' };
  #port = 0;

  constructor() {
    super();
    peersMade++;
  }

  addTransceiver(): void {}

  getStats(): Promise<Map<string, object>> {
    return Promise.resolve(new Map());
  }

  setLocalDescription(): Promise<void> {
    return Promise.resolve();
  }

  setRemoteDescription({ sdp }: { readonly sdp: string }): Promise<void> {
    this.#port = Number(/ (\d+) typ/.exec(sdp)?.[1]);
    joining.add(this);
    this.look();
    return Promise.resolve();
  }

  look(): void {
    setTimeout(() => {
      if (!openPorts.has(this.#port) || !joining.delete(this)) return;
      connected.add(this);
      this.become('connected');
    }, PATH_MS);
  }

  become(state: string): void {
    this.connectionState = state;
    this.dispatchEvent(new Event('connectionstatechange'));
  }

  close(): void {
    joining.delete(this);
    connected.delete(this);
  }
}

function open(port: number): void {
  openPorts.add(port);
  for (const peer of joining) peer.look();
}

const offersMs: number[] = [];
/** Where the relay's media comes from since its configuration was mended. */
let movedTo: number | undefined;

function answer(port: number): Promise<SignalResponse> {
  const body = `v=0\r\na=candidate:1 1 udp 2130706431 192.0.2.7 ${port} typ host\r\n`;
  const response = { status: 201, header: () => null, body };
  return new Promise((resolve) => setTimeout(() => resolve(response), ANSWER_MS));
}

class Wall {
  readonly players: WhepPlayer[] = [];
  readonly #shared = {
    handshakes: new Gate(6, { pace: new OfferPace(OFFER_SPACING_MS, Math.random), nowMs: Date.now }),
    mediaPaths: new MediaPaths(),
  };

  add(count: number, relay = 'https://cameras.example', port = 8641): void {
    const video = { play: () => Promise.resolve(), getBoundingClientRect: () => ({ width: 1, height: 1 }) };
    for (let i = 0; i < count; i++) {
      const player = new WhepPlayer({
        url: `${relay}/api/v1/whep/cam${i}`,
        video: video as unknown as HTMLVideoElement,
        onState: () => undefined,
        signal: () => {
          offersMs.push(Date.now());
          return answer(movedTo ?? port);
        },
        quality: 'main',
        clock: Date.now,
        ...this.#shared,
      });
      this.players.push(player);
      player.start();
    }
  }

  count(state: TileState): number {
    return this.players.filter((player) => player.state === state).length;
  }

  stop(): void {
    for (const player of this.players) player.stop();
  }
}

let wall: Wall;

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('document', { baseURI: 'https://page.example/' });
  vi.stubGlobal('RTCPeerConnection', Peer);
  vi.stubGlobal(
    'MediaStream',
    class {
      addTrack(): void {}
    },
  );
  vi.stubGlobal('devicePixelRatio', 1);
  movedTo = undefined;
  openPorts.clear();
  joining.clear();
  connected.clear();
  peersMade = 0;
  offersMs.length = 0;
  wall = new Wall();
});

afterEach(() => {
  wall.stop();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

test.each([1, 16, 100, 200])(
  'each of %i says within ten seconds that no media gets through',
  async (count) => {
    wall.add(count);
    await pass(7500);
    expect(wall.count('connecting')).toBe(count);
    await pass(1500);
    expect(wall.count('blocked')).toBe(count);
    // The others heard of it.
    expect(peersMade).toBeLessThanOrEqual(30);
    offersMs.length = 0;
    for (let second = 0; second < 60; second++) {
      await pass(1000);
      expect(wall.count('blocked')).toBe(count);
    }
    // A turn of those that were answered, and one of those that were not, in 1.5 s or more.
    expect(offersMs.length).toBeLessThanOrEqual(80);
    expect(offersMs.length).toBeGreaterThanOrEqual(4);
  },
);

test('who comes to a wall that is blocked is told so at once, with no connection of its own', async () => {
  wall.add(1);
  await pass(9000);
  const before = peersMade;
  wall.add(1);
  expect(wall.count('blocked')).toBe(2);
  await pass(100);
  expect(peersMade).toBe(before);
});

test('one finds an opened path within seven seconds', async () => {
  wall.add(1);
  await pass(8250);
  expect(wall.count('blocked')).toBe(1);
  open(8641);
  await pass(7000);
  expect(connected.size).toBe(1);
});

test('200 find an opened path one after the other, and none says blocked longer than the first', async () => {
  wall.add(200);
  await pass(20_000);
  expect(wall.count('blocked')).toBe(200);
  offersMs.length = 0;
  open(8641);
  await pass(2500);
  expect(wall.count('blocked')).toBe(0);
  await pass(8500);
  expect(connected.size).toBe(200);
  const gapsMs = offersMs.slice(1).map((atMs, index) => atMs - (offersMs[index] ?? 0));
  expect(Math.min(...gapsMs)).toBeGreaterThanOrEqual(OFFER_SPACING_MS);
});

test('a relay that names other addresses is asked anew by all', async () => {
  wall.add(40);
  await pass(10_000);
  expect(wall.count('blocked')).toBe(40);
  movedTo = 9000;
  open(9000);
  await pass(7000);
  expect(connected.size).toBeGreaterThanOrEqual(25);
  // The last that was on its way to the old ones: its eight seconds, and its wait.
  await pass(8000);
  expect([connected.size, wall.count('blocked')]).toEqual([40, 0]);
});

test('another relay, and another media port of this one, are not judged by it', async () => {
  wall.add(20);
  await pass(10_000);
  expect(wall.count('blocked')).toBe(20);
  open(9000);
  open(8642);
  wall.add(1, 'https://other.example', 9000);
  await pass(1000);
  expect(connected.size).toBe(1);
  // It is told what the others know, and gets through with its first turn.
  wall.add(1, undefined, 8642);
  await pass(2500);
  expect(connected.size).toBe(2);
  await pass(10_000);
  expect([connected.size, wall.count('blocked')]).toEqual([2, 20]);
});

test('a wall whose paths all break is told within ten seconds of asking anew', async () => {
  open(8641);
  wall.add(100);
  await pass(10_000);
  expect(connected.size).toBe(100);
  openPorts.clear();
  for (const peer of connected) peer.become('failed');
  expect(wall.count('offline')).toBe(100);
  await pass(10_000);
  expect(wall.count('blocked')).toBe(100);
});

test('a relay that says goodbye to one that joins is no network that lets no media through', async () => {
  wall.add(1);
  await pass(1000);
  const transport = Object.assign(new EventTarget(), { state: 'connected' });
  const [peer] = joining;
  peer?.dispatchEvent(
    Object.assign(new Event('track'), { track: { kind: 'video' }, receiver: { transport } }),
  );
  transport.state = 'closed';
  transport.dispatchEvent(new Event('statechange'));
  expect(wall.count('offline')).toBe(1);
  open(8641);
  await pass(1500);
  expect(connected.size).toBe(1);
});
