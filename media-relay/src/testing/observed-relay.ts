/**
 * `node --expose-gc observed-relay.ts CONFIG [unpaced]`: the relay as its users start it, with a back door for the process
 * that spawned it (an 'ipc' pipe). For tests and benches; the relay itself knows nothing of it.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { catchHangUps } from '../cli/hang-ups.ts';
import { start } from '../cli/start.ts';
import { openLibrary } from '../native/library.ts';
import type { Relay } from '../relay.ts';
import { MediaThreads } from './media-threads.ts';
import type { Answer, Facts, Question, Resources, ThreadResources } from './relay-observer.ts';

const RESOLUTION_MS = 10;
const lateness = monitorEventLoopDelay({ resolution: RESOLUTION_MS });

const [, , configFile, ...words] = process.argv;
await start(configFile, process.env, '0.0.0', catchHangUps(), {
  unpaced: words.includes('unpaced'),
  onStarted(relay) {
    process.on('message', (question: Question) => {
      answer(relay, question).then(
        (value) => send({ id: question.id, answer: value }),
        (error: unknown) => send({ id: question.id, problem: String(error) }),
      );
    });
  },
});

function send(message: Answer): void {
  process.send?.(message);
}

async function answer(relay: Relay, question: Question): Promise<unknown> {
  switch (question.type) {
    case 'facts':
      return facts(relay);
    case 'resources':
      return resources();
    case 'kill-thread': {
      using threads = await MediaThreads.attach();
      await threads.kill(question.index);
      return undefined;
    }
    case 'hang-thread': {
      using threads = await MediaThreads.attach();
      await threads.hang(question.index);
      return undefined;
    }
  }
}

function facts(relay: Relay): Facts {
  // Measures from the first question on: a hundred wake-ups a second would show in what benches measure.
  lateness.enable();
  const mainDelayMaxMs = Math.max(0, lateness.max / 1e6 - RESOLUTION_MS);
  lateness.reset();
  return { snapshot: relay.snapshot(), mainDelayMaxMs };
}

/** Runs in the main thread, and by its source in the media threads. */
function ownResources(): ThreadResources {
  const active: Record<string, number> = {};
  for (const name of process.getActiveResourcesInfo()) active[name] = (active[name] ?? 0) + 1;
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return { active, heapUsedBytes: heapUsed, arrayBufferBytes: arrayBuffers };
}

async function resources(): Promise<Resources> {
  using inspected = await MediaThreads.attach();
  const threads: ThreadResources[] = [];
  for (const index of inspected.indexes) {
    // Twice: finalisers of the first run let go of more.
    await inspected.collectGarbage(index);
    await inspected.collectGarbage(index);
    threads.push((await inspected.evaluate(index, `(${String(ownResources)})()`)) as ThreadResources);
  }
  // As the inspector's: everything, and heaps are made small again.
  for (let pass = 0; pass < 2; pass++)
    await globalThis.gc?.({ type: 'major', execution: 'async', flavor: 'last-resort' });
  const rssUntrimmedBytes = process.memoryUsage.rss();
  openLibrary('libc.so.6').bind('malloc_trim', 'int', ['size_t'])(0);
  return { main: ownResources(), threads, rssUntrimmedBytes };
}
