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
