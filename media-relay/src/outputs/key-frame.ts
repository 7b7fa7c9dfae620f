import type { KeyFrameQuestion, KeyFrameResult } from '../engine/messages.ts';
import type { Clock } from '../media/clock.ts';
import type { Stream, StreamReader } from '../stream/stream.ts';
import { codedPicture } from './coded-picture.ts';

/** An engine answers within two seconds. */
const MAX_WAIT_MS = 1800;

/** The newest whole key frame of a stream, as old as it may be; where there is none yet, the next one. */
export async function keyFrame(
  stream: Stream | undefined,
  { newerThanMs, waitMs = 0 }: KeyFrameQuestion,
  clock: Clock,
): Promise<KeyFrameResult> {
  if (stream === undefined)
    return { kind: 'none', code: 'stream-not-found', message: 'No stream of this name runs.' };
  if (waitMs > 0 && isExpected(stream, clock())) await nextKeyFrame(stream, Math.min(waitMs, MAX_WAIT_MS));
  const store = stream.videoStore;
  const frame = store?.newestKey;
  if (store === undefined || frame === undefined)
    return { kind: 'none', code: 'stream-not-ready', message: 'The camera has not sent a key frame yet.' };
  if (newerThanMs !== undefined && frame.arrivalMs <= newerThanMs) return { kind: 'unchanged' };
  return { kind: 'picture', picture: codedPicture(store, frame) };
}

/** The kept one is of the last time that somebody watched, or there is none and one may come. */
function isExpected(stream: Stream, nowMs: number): boolean {
  const state = stream.state(nowMs);
  return (
    state === 'idle' ||
    state === 'connecting' ||
    (state === 'live' && stream.videoStore?.newestKey === undefined)
  );
}

/** Watches until a key frame has come, which starts an on-demand camera. */
function nextKeyFrame(stream: Stream, waitMs: number): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      stream.detach(reader);
      resolve();
    };
    const reader: StreamReader = {
      onVideo(frame) {
        if (frame.isKey && !frame.isBroken) done();
      },
      onAudio: () => undefined,
      onReady: () => undefined,
      onInterrupt: () => undefined,
      onEnd: done,
    };
    const timer = setTimeout(done, waitMs);
    stream.attach(reader);
  });
}
