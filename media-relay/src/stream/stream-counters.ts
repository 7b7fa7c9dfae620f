/** What a stream has received, as numbers that only grow, and the rates of the last second made of them. */
import type { AccessUnit } from '../media/access-unit.ts';
import type { ReceiveReport } from '../sources/source.ts';

export class StreamCounters {
  frames = 0;
  keyFrames = 0;
  brokenFrames = 0;
  packets = 0;
  bytes = 0;
  lostPackets = 0;
  reorderedPackets = 0;
  jitterSeconds: number | undefined;
  roundTripSeconds: number | undefined;
  transport: string | undefined;
  lastFrameMs: number | undefined;
  /** The sender's own clock at the newest frame of this connection. */
  lastCaptureMs: number | undefined;
  /**
   * Mean of the last second: arrival by our clock less capture by the sender's. The way, the encoder's time, and as much as the
   * two clocks differ. Undefined while the sender tells no clock.
   */
  captureDelaySeconds: number | undefined;
  keyFrameIntervalSeconds: number | undefined;
  framesPerSecond = 0;
  bitrateBps = 0;
  readonly reconnects: Record<string, number> = {};
  #videoBytes = 0;
  #captureDelay = { frames: 0, sumMs: 0 };
  #lastKeyMs: number | undefined;
  #rateAtMs: number | undefined;
  #rateFrames = 0;
  #rateBytes = 0;

  video(unit: AccessUnit): void {
    this.frames++;
    this.#videoBytes += unit.data.length;
    this.lastFrameMs = unit.arrivalMs;
    if (unit.captureMs !== undefined) {
      this.lastCaptureMs = unit.captureMs;
      this.#captureDelay.frames++;
      this.#captureDelay.sumMs += unit.arrivalMs - unit.captureMs;
    }
    if (unit.isBroken) this.brokenFrames++;
    if (!unit.isKey) return;
    this.keyFrames++;
    if (this.#lastKeyMs !== undefined)
      this.keyFrameIntervalSeconds = (unit.arrivalMs - this.#lastKeyMs) / 1000;
    this.#lastKeyMs = unit.arrivalMs;
  }

  received(report: ReceiveReport): void {
    this.packets += report.packets;
    this.bytes += report.bytes;
    this.lostPackets += report.lost;
    this.reorderedPackets += report.reordered;
    this.jitterSeconds = report.jitterSeconds;
    this.roundTripSeconds = report.roundTripSeconds ?? this.roundTripSeconds;
    this.transport = report.transport;
  }

  /** The connection ended: until the next one's first key frame there is no interval, but an outage. */
  interrupt(): void {
    this.#lastKeyMs = undefined;
  }

  reconnect(reason: string): void {
    this.reconnects[reason] = (this.reconnects[reason] ?? 0) + 1;
  }

  /** Called about once a second. */
  updateRates(nowMs: number): void {
    const seconds = this.#rateAtMs === undefined ? 0 : (nowMs - this.#rateAtMs) / 1000;
    if (seconds > 0) {
      this.framesPerSecond = (this.frames - this.#rateFrames) / seconds;
      this.bitrateBps = ((this.#videoBytes - this.#rateBytes) * 8) / seconds;
    }
    const { frames, sumMs } = this.#captureDelay;
    this.captureDelaySeconds = frames === 0 ? undefined : sumMs / frames / 1000;
    this.#captureDelay = { frames: 0, sumMs: 0 };
    this.#rateAtMs = nowMs;
    this.#rateFrames = this.frames;
    this.#rateBytes = this.#videoBytes;
  }
}
