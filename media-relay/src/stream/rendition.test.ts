import { afterEach, expect, test } from 'vitest';
import { systemClock } from '../media/clock.ts';
import { Arena } from '../native/arena.ts';
import { ScriptedSource } from '../testing/scripted-source.ts';
import { Rendition } from './rendition.ts';

const cleanUps: (() => void)[] = [];
afterEach(() => {
  for (const cleanUp of cleanUps.splice(0)) cleanUp();
});

/** Always on, and every source that it had made. */
function open(): { rendition: Rendition; sources: ScriptedSource[] } {
  const sources: ScriptedSource[] = [];
  const rendition = new Rendition('main', true, {
    arena: new Arena(),
    clock: systemClock,
    random: () => 0.5,
    createSource() {
      const source = new ScriptedSource();
      sources.push(source);
      return source;
    },
    onAudio: undefined,
    onChange: () => undefined,
    onReconnect: () => undefined,
    onRefuse: () => undefined,
  });
  cleanUps.push(() => rendition.close());
  rendition.open();
  return { rendition, sources };
}

test('keeps its source from start to start, and with it what that has learnt of its camera', () => {
  const { rendition, sources } = open();
  rendition.restart();
  expect(sources.map(({ runs }) => runs)).toEqual([2]);
});

test('is offline, no longer refused, when the camera that was refused is not there any more', async () => {
  const { rendition, sources } = open();
  const failed = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  sources.at(-1)?.fail('unsupported-codec', 'The camera sends H265.');
  await failed();
  expect([rendition.state(systemClock()), rendition.reasonCode]).toEqual(['refused', 'unsupported-codec']);
  rendition.restart();
  sources.at(-1)?.fail('unreachable', 'cam:554 cannot be reached');
  await failed();
  expect([rendition.state(systemClock()), rendition.reasonCode]).toEqual(['offline', 'unreachable']);
});
