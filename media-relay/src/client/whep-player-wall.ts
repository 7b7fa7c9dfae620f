/** A page of players by a clock of its own (vitest's), with a relay and a network that do as they are told. */
import { vi } from 'vitest';
import { Gate } from './gate.ts';
import { MediaPaths } from './media-paths.ts';
import { OFFER_SPACING_MS, OfferPace } from './offer-pace.ts';
import type { SignalResponse } from './signalling.ts';
import { WhepPlayer } from './whep-player.ts';
import type { TileState } from '../stream/states.ts';

const ANSWER_MS = 40;
const PATH_MS = 60;

/** As much of an RTCPeerConnection as a join needs: connects when its port is open, at once or later. */
class Peer extends EventTarget {
  connectionState = 'new';
  readonly localDescription = { sdp: 'v=0\r\n' };
  readonly #wall: WhepPlayerWall;
  #port = 0;

  constructor(wall: WhepPlayerWall) {
    super();
    this.#wall = wall;
    wall.peersMade++;
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
    this.#wall.joining.add(this);
    this.look();
    return Promise.resolve();
  }

  look(): void {
    setTimeout(() => {
      if (!this.#wall.openPorts.has(this.#port) || !this.#wall.joining.delete(this)) return;
      this.#wall.connected.add(this);
      this.become('connected');
    }, PATH_MS);
  }

  become(state: string): void {
    this.connectionState = state;
    this.dispatchEvent(new Event('connectionstatechange'));
  }

  close(): void {
    this.#wall.joining.delete(this);
    this.#wall.connected.delete(this);
  }
}

export interface Answer {
  readonly status: number;
  readonly body: string;
  readonly retryAfter?: string;
}

/** Of a relay whose media comes from this port. */
export function mediaFrom(port: number): Answer {
  return { status: 201, body: `v=0\r\na=candidate:1 1 udp 2130706431 192.0.2.7 ${port} typ host\r\n` };
}

/** Of a camera that is not there. */
export const notReady: Answer = {
  status: 503,
  body: JSON.stringify({ code: 'stream-not-ready', detail: 'No picture yet.' }),
  retryAfter: '2',
};

export interface PlayersOptions {
  readonly relay?: string;
  /** To each offer; undefined: none comes. */
  readonly answer?: () => Answer | undefined;
  readonly onState?: (state: TileState) => void;
}

export class WhepPlayerWall {
  readonly players: WhepPlayer[] = [];
  readonly joining = new Set<Peer>();
  readonly connected = new Set<Peer>();
  /** Media ports that the network lets through. */
  readonly openPorts = new Set<number>();
  readonly offersMs: number[] = [];
  readonly mediaPaths = new MediaPaths();
  peersMade = 0;
  readonly #handshakes = new Gate(6, {
    pace: new OfferPace(OFFER_SPACING_MS, Math.random),
    nowMs: () => Date.now(),
    // As SessionManager does.
    onBack: () => {
      for (const player of this.players) player.retryNow();
    },
  });

  /** Takes the clock and the browser's globals until `close()`. */
  constructor() {
    vi.useFakeTimers();
    vi.stubGlobal('document', { baseURI: 'https://page.example/' });
    const newPeer = () => new Peer(this);
    vi.stubGlobal('RTCPeerConnection', function RTCPeerConnection() {
      return newPeer();
    });
    vi.stubGlobal(
      'MediaStream',
      class {
        addTrack(): void {}
      },
    );
    vi.stubGlobal('devicePixelRatio', 1);
  }

  add(count: number, options: PlayersOptions = {}): readonly WhepPlayer[] {
    const { relay = 'https://cameras.example', answer = () => mediaFrom(8641), onState } = options;
    const video = { play: () => Promise.resolve(), getBoundingClientRect: () => ({ width: 1, height: 1 }) };
    return Array.from({ length: count }, () => {
      const player = new WhepPlayer({
        url: `${relay}/api/v1/whep/cam${this.players.length}`,
        video: video as unknown as HTMLVideoElement,
        onState: onState ?? (() => undefined),
        signal: () => {
          this.offersMs.push(Date.now());
          return arriving(answer());
        },
        quality: 'main',
        clock: Date.now,
        handshakes: this.#handshakes,
        mediaPaths: this.mediaPaths,
      });
      this.players.push(player);
      player.start();
      return player;
    });
  }

  open(port: number): void {
    this.openPorts.add(port);
    for (const peer of this.joining) peer.look();
  }

  count(state: TileState): number {
    return this.players.filter((player) => player.state === state).length;
  }

  async pass(ms: number): Promise<void> {
    await vi.advanceTimersByTimeAsync(ms);
  }

  close(): void {
    for (const player of this.players) player.stop();
    vi.unstubAllGlobals();
    vi.useRealTimers();
  }
}

function arriving(answer: Answer | undefined): Promise<SignalResponse> {
  return new Promise((resolve, reject) => {
    setTimeout(() => {
      if (answer === undefined) return reject(new Error('No answer'));
      const { status, body, retryAfter = null } = answer;
      resolve({ status, body, header: (name) => (name === 'Retry-After' ? retryAfter : null) });
    }, ANSWER_MS);
  });
}
