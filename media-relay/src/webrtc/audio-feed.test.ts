import { expect, test } from 'vitest';
import type { AccessUnit } from '../media/access-unit.ts';
import type { AudioTrack } from '../media/track.ts';
import { Arena } from '../native/arena.ts';
import { PacketStore } from '../stream/packet-store.ts';
import { audioPacketiser } from '../stream/packetisers.ts';
import { AudioFeed } from './audio-feed.ts';
import type { Destination } from './egress.ts';
import type { RtpSender } from './rtp-sender.ts';

const nowMs = 1_000_000;

function open() {
  const arena = new Arena();
  const stream: { audioStore: PacketStore | undefined; audioTrack: AudioTrack | undefined } = {
    audioStore: undefined,
    audioTrack: undefined,
  };
  /** The camera's sound has that codec from now on, or ends. */
  const announce = (codec?: AudioTrack['codec']): void => {
    stream.audioStore?.close();
    stream.audioStore = codec && new PacketStore(arena, audioPacketiser);
    stream.audioTrack = codec && { kind: 'audio', codec, encodingName: '', clockRate: 8000, channels: 1 };
  };
  announce('pcmu');
  const timestamps: number[] = [];
  const sender: Pick<RtpSender, 'sendPackets'> = {
    sendPackets: (_to, _memory, _frame, _from, _until, timestamp) => timestamps.push(timestamp),
  };
  const feed = new AudioFeed(sender as RtpSender, stream, { codec: 'pcmu', clockRate: 8000 }, 0xffff_ff00);
  const send = (ticks: number): void => {
    const unit = { arrivalMs: nowMs, isKey: true, isBroken: false, data: new Uint8Array(160) };
    const frame = stream.audioStore?.append(unit as AccessUnit, ticks);
    if (frame !== undefined) feed.send(frame, {} as Destination);
  };
  return { feed, announce, send, timestamps };
}

const sinceFirst = (timestamps: readonly number[]): number[] =>
  timestamps.map((timestamp) => (timestamp - 0xffff_ff00) >>> 0);

test('keeps the distances of the camera, a pause too, around the end of 32 bits', () => {
  const { send, timestamps } = open();
  for (const ticks of [5000, 5160, 5320, 13_320]) send(ticks);
  expect(sinceFirst(timestamps)).toEqual([0, 160, 320, 8320]);
});

test('goes on behind the last frame where the clock of the camera steps back', () => {
  const { feed, send, timestamps } = open();
  for (const ticks of [50_000, 50_320, 50_640, 26_640, 26_960, 26_960]) send(ticks);
  expect(sinceFirst(timestamps)).toEqual([0, 320, 640, 960, 1280, 1600]);
  // Sender reports tell the same clock as the packets.
  expect(feed.rtpTimestampAt(nowMs)).toBe(timestamps.at(-1));
});

test('takes a frame for 20 ms until two in a row have told', () => {
  const { send, timestamps } = open();
  for (const ticks of [50_000, 26_000, 26_080]) send(ticks);
  expect(sinceFirst(timestamps)).toEqual([0, 160, 240]);
});

test('goes on when the camera is back without sound, and later with it; another codec is left out', () => {
  const { feed, announce, send, timestamps } = open();
  for (const ticks of [0, 160]) send(ticks);
  announce();
  expect(feed.rtpTimestampAt(nowMs)).toBeUndefined();
  announce('pcma');
  send(8000);
  expect(feed.rtpTimestampAt(nowMs)).toBeUndefined();
  announce('pcmu');
  for (const ticks of [16_000, 16_160]) send(ticks);
  expect(sinceFirst(timestamps)).toEqual([0, 160, 16_000, 16_160]);
  expect(feed.rtpTimestampAt(nowMs)).toBe(timestamps.at(-1));
});
