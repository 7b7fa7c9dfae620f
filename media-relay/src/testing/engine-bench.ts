/** A whole engine with one scripted camera and real viewers, on a clock that a test can set forward. */
import { expect } from 'vitest';
import { Engine } from '../engine/engine.ts';
import type { FromEngine } from '../engine/messages.ts';
import type { ViewerPathSummary } from '../stream/path-statistics.ts';
import { ScriptedSource, scriptedStream } from './scripted-source.ts';
import { TestViewer, VIDEO_PT, type TestPacket } from './test-viewer.ts';

type ViewerOptions = ConstructorParameters<typeof TestViewer>[0];

/**
 * One suite for both sets of parts. `blocksOfPartsClosed`: the WHEP output returns its scratch memory, and OpenSSL's
 * DTLS factory two blocks; what others hold for the engine's life goes with the arena.
 */
export const setsOfParts = [
  { name: 'native', parts: { dtls: 'native', srtp: 'native', udp: 'native' }, blocksOfPartsClosed: 3 },
  {
    name: 'portable',
    parts: { dtls: 'portable', srtp: 'portable', udp: 'portable' },
    blocksOfPartsClosed: 1,
  },
] as const;

export class EngineBench {
  readonly engine: Engine;
  readonly source = new ScriptedSource();
  readonly messages: FromEngine[] = [];
  /** The engine's clock is so much ahead of the real one. */
  offsetMs = 0;
  /** Native memory of the engine without a stream. */
  blocksOfEngine = 0;
  readonly #viewers: TestViewer[] = [];
  readonly #listeners = new Set<() => void>();

  private constructor(parts: (typeof setsOfParts)[number]['parts']) {
    this.engine = new Engine(
      { mediaPort: 0, mediaAddresses: ['127.0.0.1', '::1'], announcedAddresses: [], parts },
      {
        clock: () => this.nowMs,
        random: () => 0.5,
        createSource: () => this.source,
        emit: (message) => {
          this.messages.push(message);
          for (const listener of this.#listeners) listener();
        },
      },
    );
  }

  static async open(parts: (typeof setsOfParts)[number]['parts']): Promise<EngineBench> {
    const bench = new EngineBench(parts);
    await bench.engine.start();
    bench.blocksOfEngine = bench.engine.arena.blocksInUse;
    bench.engine.setStream(scriptedStream);
    return bench;
  }

  get nowMs(): number {
    return performance.timeOrigin + performance.now() + this.offsetMs;
  }

  close(): void {
    for (const viewer of this.#viewers.splice(0)) viewer.close();
    this.engine.close();
    this.#listeners.clear();
  }

  viewer(options?: ViewerOptions): TestViewer {
    const made = new TestViewer(options);
    this.#viewers.push(made);
    return made;
  }

  async offer(made: TestViewer, fingerprint?: string): Promise<{ id: string; sdp: string }> {
    const result = await this.engine.offer('cam', made.offer(fingerprint));
    if (!result.ok) throw new Error(result.message);
    return { id: result.sessionId, sdp: result.sdp };
  }

  /** A viewer that has a group of ten pictures. */
  async watching(options?: ViewerOptions): Promise<{ made: TestViewer; id: string; ssrc: number }> {
    this.source.tracks();
    this.source.group(10);
    const made = this.viewer(options);
    const { id, sdp } = await this.offer(made);
    await made.connect(sdp);
    await made.until(() => framesOf(made.packets) >= 10);
    return { made, id, ssrc: made.packets[0]?.ssrc ?? 0 };
  }

  /** Resolves with the first message of the kind, past or future. */
  message<T extends FromEngine['type']>(type: T): Promise<Extract<FromEngine, { type: T }>> {
    return new Promise((resolve) => {
      const look = (): void => {
        const found = this.messages.find((one): one is Extract<FromEngine, { type: T }> => one.type === type);
        if (!found) return;
        this.#listeners.delete(look);
        resolve(found);
      };
      this.#listeners.add(look);
      look();
    });
  }

  /** Looked at with every message of the engine. */
  until(condition: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (!condition()) return;
        this.#listeners.delete(look);
        resolve();
      };
      this.#listeners.add(look);
      look();
    });
  }

  reportedPaths(): ViewerPathSummary | undefined {
    return this.messages.findLast((one) => one.type === 'statistics')?.snapshot.streams[0]?.viewerPaths;
  }
}

export const framesOf = (packets: readonly TestPacket[]): number =>
  packets.filter(({ marker, payloadType }) => marker && payloadType === VIDEO_PT).length;

export function expectContinuous(packets: readonly TestPacket[]): void {
  const video = packets.filter(({ payloadType }) => payloadType === VIDEO_PT);
  for (const [i, packet] of video.entries()) {
    const before = video[i - 1];
    if (!before) continue;
    expect((packet.seq - before.seq) & 0xffff).toBe(1);
    if (before.marker) expect((packet.timestamp - before.timestamp) | 0).toBeGreaterThan(0);
    else expect(packet.timestamp).toBe(before.timestamp);
  }
}
