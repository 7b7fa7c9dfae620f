import { afterEach, beforeEach, expect, test } from 'vitest';
import { Arena, countedAddresses } from '../native/arena.ts';
import { ScriptedSource } from '../testing/scripted-source.ts';
import { Rendition, type RenditionReader } from './rendition.ts';

let source: ScriptedSource;
let rendition: Rendition;
let seen: string[];

beforeEach(() => {
  source = new ScriptedSource();
  seen = [];
  const reader: RenditionReader = {
    onVideo: ({ number, isKey }) => void seen.push(`${isKey ? 'key' : 'other'} ${number}`),
    onInterrupt: () => void seen.push('interrupt'),
    onReady: () => undefined,
  };
  rendition = new Rendition('main', true, {
    arena: new Arena(countedAddresses()),
    clock: () => performance.timeOrigin + performance.now(),
    random: () => 0.5,
    createSource: () => source,
    onAudio: undefined,
    onChange: () => undefined,
    onReconnect: () => undefined,
    onRefuse: () => undefined,
  });
  rendition.open();
  rendition.watch(reader);
});
afterEach(() => rendition.close());

test('what comes behind an interruption begins with a key frame, wherever the camera goes on', () => {
  source.tracks();
  source.frame(100);
  source.group(2);
  rendition.restart();
  source.tracks();
  source.frame(100);
  source.frame(100);
  source.group(2);
  const frames = seen.slice(seen.lastIndexOf('interrupt') + 1);
  expect(frames).toEqual(['key 2', 'other 3']);
  expect(seen.filter((one) => one !== 'interrupt')).toEqual(['key 0', 'other 1', ...frames]);
  // They have arrived all the same.
  expect(rendition.counters.frames).toBe(7);
});
