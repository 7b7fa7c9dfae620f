/**
 * `node --expose-gc observed-relay.ts CONFIG`: the relay as its users start it, with a back door for the process that
 * spawned it (an 'ipc' pipe). For tests and benches; the relay itself knows nothing of it.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { start } from '../cli/start.ts';
import type { Relay } from '../relay.ts';
import { MediaThreads } from './media-threads.ts';
import type { Answer, Facts, Question, Resources } from './relay-observer.ts';

const RESOLUTION_MS = 10;
const lateness = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
lateness.enable();

await start(process.argv[2], process.env, '0.0.0', (relay) => {
  process.on('message', (question: Question) => {
    answer(relay, question).then(
      (value) => send({ id: question.id, answer: value }),
      (error: unknown) => send({ id: question.id, problem: String(error) }),
    );
  });
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
  }
}

function facts(relay: Relay): Facts {
  const mainDelayMaxMs = Math.max(0, lateness.max / 1e6 - RESOLUTION_MS);
  lateness.reset();
  return { snapshot: relay.snapshot(), mainDelayMaxMs };
}

async function resources(): Promise<Resources> {
  using threads = await MediaThreads.attach();
  const counts: Record<string, number>[] = [];
  for (const index of threads.indexes) {
    // Twice: finalisers of the first run let go of more.
    await threads.collectGarbage(index);
    await threads.collectGarbage(index);
    counts.push(count((await threads.evaluate(index, 'process.getActiveResourcesInfo()')) as string[]));
  }
  globalThis.gc?.();
  globalThis.gc?.();
  return { main: count(process.getActiveResourcesInfo()), threads: counts };
}

function count(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}
