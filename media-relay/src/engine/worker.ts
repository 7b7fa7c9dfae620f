/** The media thread: an engine, told what to do by messages. */
import { parentPort, workerData } from 'node:worker_threads';
import { systemClock } from '../media/clock.ts';
import { NativeLedger } from '../native/ledger.ts';
import { createSource } from '../sources/registry.ts';
import { Engine } from './engine.ts';
import type { FromEngine, ThreadData, ToEngine } from './messages.ts';

const port = parentPort;
if (port === null) throw new Error('engine/worker.ts runs as a worker thread');

const emit = (message: FromEngine): void => port.postMessage(message, transferred(message));
const { spec, ledger } = workerData as ThreadData;
const engine = new Engine(spec, {
  clock: systemClock,
  random: Math.random,
  createSource: (spec) =>
    createSource(spec, {
      clock: systemClock,
      log: (level, message) => emit({ type: 'log', level, message, fields: { stream: spec.name } }),
    }),
  emit,
  mainStream: {
    ask: (sessionId) => emit({ type: 'ask-main-stream', sessionId }),
    giveBack: (sessionId) => emit({ type: 'leave-main-stream', sessionId }),
  },
  ledger: new NativeLedger(ledger),
});

port.on('message', (message: ToEngine) => void handle(message).catch(fail));
await engine.start();

async function handle(message: ToEngine): Promise<void> {
  switch (message.type) {
    case 'set-stream':
      engine.setStream(message.spec);
      return;
    case 'remove-stream':
      engine.removeStream(message.name);
      return;
    case 'restart-stream':
      engine.restartStream(message.name);
      return;
    case 'offer':
      emit({
        type: 'answer',
        requestId: message.requestId,
        result: await engine.offer(message.stream, message.sdp, message.wish),
      });
      return;
    case 'session-clock':
      emit({
        type: 'session-clock',
        requestId: message.requestId,
        clock: engine.sessionClock(message.sessionId, message.frames),
      });
      return;
    case 'session-quality':
      emit({
        type: 'session-quality',
        requestId: message.requestId,
        quality: engine.sessionQuality(message.sessionId, message.wish),
      });
      return;
    case 'key-frame':
      emit({
        type: 'key-frame',
        requestId: message.requestId,
        result: await engine.keyFrame(message.stream, message.question),
      });
      return;
    case 'open-feed':
      engine.openFeed(message.feedId, message.stream);
      return;
    case 'feed-taken':
      engine.feedTaken(message.feedId, message.bytes);
      return;
    case 'close-feed':
      engine.closeFeed(message.feedId);
      return;
    case 'main-stream-answer':
      engine.answerMainStream(message.sessionId, message.isGranted);
      return;
    case 'close-session':
      engine.closeSession(message.sessionId, message.reason);
      return;
    case 'shutdown':
      engine.close();
      emit({ type: 'stopped' });
      port?.close();
  }
}

/** What goes over without a copy: coded pictures. */
function transferred(message: FromEngine): ArrayBuffer[] {
  if (message.type === 'feed-picture') return [message.picture.units.buffer];
  if (message.type === 'key-frame' && message.result.kind === 'picture')
    return [message.result.picture.units.buffer];
  return [];
}

/** A bug: the thread dies with it, and the main thread says so. */
function fail(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
