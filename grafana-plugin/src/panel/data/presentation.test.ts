import { tileStates } from '../../../../media-relay/src/stream/states.ts';
import type { TileDetail } from '@sightline/media-relay/client';
import type { TileState } from '../../../../media-relay/src/stream/states.ts';
import { describe, expect, test } from 'vitest';
import { saidIn } from '../../relay/relay-sentences.ts';
import { panelSentencesIn } from '../sentences-in.ts';
import { durationText, flagText, present as presentIn } from './presentation.ts';
import type { Presentation, StreamFacts } from './presentation.ts';

const t = panelSentencesIn('en');
const ko = panelSentencesIn('ko-KR');
const plain = (state: TileState) => ({ code: undefined, sentence: `${tileStates[state]}.` });
const live = { state: 'live', reason: undefined, reasonCode: undefined } as const;

function present(
  state: TileState,
  detail: TileDetail,
  stream: Omit<StreamFacts, 'reasonCode'> & Partial<StreamFacts>,
  showsStills: boolean,
  translate: typeof t,
): Presentation {
  const said = saidIn(translate === ko ? 'ko' : 'en');
  return presentIn(state, detail, { reasonCode: undefined, ...stream }, showsStills, translate, said);
}

test.each(Object.keys(tileStates) as TileState[])('%s has a word of its own in every language', (state) => {
  const words = [t, ko].map((translate) => present(state, plain(state), live, false, translate).word);
  expect(new Set(words).size).toBe(2);
  const others = (Object.keys(tileStates) as TileState[]).filter((other) => other !== state);
  for (const other of others) expect(t(`word.${other}`)).not.toBe(t(`word.${state}`));
});

describe('the one nearer to the fault explains it', () => {
  test('the relay, when it has no camera', () => {
    const facts = { state: 'offline', reason: 'The camera refuses the password.' } as const;
    expect(present('connecting', plain('connecting'), facts, false, t)).toEqual({
      state: 'offline',
      shape: 'offline',
      word: 'Offline',
      sentence: 'The camera refuses the password.',
    });
  });

  test('the relay, when it refuses to pass the stream on', () => {
    const facts = { state: 'refused', reason: 'B-frames.' } as const;
    expect(present('stalled', plain('stalled'), facts, false, t)).toMatchObject({
      shape: 'refused',
      word: 'Refused',
      sentence: 'B-frames.',
    });
  });

  test('the player, when the relay refused it', () => {
    const detail = { code: 'no-common-codec', sentence: 'This browser offers no H.264.' };
    expect(present('offline', detail, live, false, t)).toMatchObject({
      shape: 'refused',
      word: 'Cannot play',
      sentence: 'This browser offers no H.264.',
    });
    const denied = { code: 'forbidden', sentence: 'Not for you.' };
    expect(present('denied', denied, live, false, t)).toMatchObject({
      state: 'denied',
      sentence: 'Not for you.',
    });
  });

  test('the relay, when a path was found blocked by which no picture would come', () => {
    const blocked = { code: 'media-blocked', sentence: 'UDP or TCP port 8641 cannot be reached.' };
    const facts = { state: 'offline', reason: 'No answer.' } as const;
    expect(present('blocked', blocked, facts, false, t)).toEqual({
      state: 'offline',
      shape: 'offline',
      word: 'Offline',
      sentence: 'No answer.',
    });
    expect(present('blocked', blocked, { ...facts, reason: undefined }, false, t).sentence).toBe(
      'The camera or the relay cannot be reached.',
    );
    const refused = { state: 'refused', reason: 'B-frames.' } as const;
    expect(present('blocked', blocked, refused, false, t)).toMatchObject({ word: 'Refused' });
    for (const state of ['live', 'idle', 'stalled'] as const)
      expect(present('blocked', blocked, { state, reason: undefined }, false, t).word).toBe('Blocked');
  });

  test('the camera that is being connected', () => {
    const facts = { state: 'connecting', reason: undefined } as const;
    expect(present('connecting', plain('connecting'), facts, false, t).sentence).toBe(
      'The relay connects to the camera.',
    );
  });

  test('nobody, while still pictures of a camera that is well are shown', () => {
    const stills = present('blocked', plain('blocked'), live, true, t);
    expect(stills).toMatchObject({ state: 'blocked', word: 'Still pictures' });
    const rendered = present('connecting', plain('connecting'), live, true, t);
    expect(rendered).toMatchObject({ state: 'live', word: 'Still picture' });
  });

  test('the relay, when a still picture is the last of a dead camera', () => {
    const dead = { state: 'offline', reason: 'No answer.' } as const;
    for (const tile of ['blocked', 'connecting'] as const) {
      expect(present(tile, plain(tile), dead, true, t)).toEqual({
        state: 'offline',
        shape: 'offline',
        word: 'Offline',
        sentence: 'No answer.',
      });
    }
    const stalled = { state: 'stalled', reason: undefined } as const;
    expect(present('blocked', plain('blocked'), stalled, true, t)).toMatchObject({
      state: 'stalled',
      word: 'Stalled',
    });
  });
});

describe('each refusal says whose it is, and is read in the user’s language', () => {
  const denied = (code: string, sentence = 'The token may not watch gate.') => ({ code, sentence });

  test('a 403 of the relay is another than one of Grafana', () => {
    const ofRelay = present('denied', denied('forbidden'), live, false, t);
    expect(ofRelay).toMatchObject({ word: 'Not allowed', sentence: 'The token may not watch gate.' });
    const ofGrafana = present('denied', denied('grafana-not-permitted', 'x'), live, false, t);
    expect(ofGrafana.sentence).toMatch(/^Grafana does not let you query/);
    for (const code of ['forbidden', 'grafana-not-permitted'])
      expect(present('denied', denied(code), live, false, ko).sentence).toMatch(/[가-힣]/);
  });

  test('what Grafana says and nobody foresaw is quoted', () => {
    const { sentence } = present('denied', denied('grafana-refuses', 'origin not allowed'), live, false, t);
    expect(sentence).toBe('Grafana refuses: origin not allowed');
  });

  test('the relay’s reason has a code', () => {
    const facts = {
      state: 'offline',
      reason: '10.0.0.7 refuses the password.',
      reasonCode: 'unauthorized',
    } as const;
    expect(present('offline', plain('offline'), facts, false, t).sentence).toBe(facts.reason);
    expect(present('offline', plain('offline'), facts, false, ko).sentence).toMatch(/암호/);
  });

  test('the player’s own sentence is exact in English, and has a code', () => {
    const blocked = { code: 'media-blocked', sentence: 'UDP or TCP port 8641 cannot be reached.' };
    expect(present('blocked', blocked, live, false, t).sentence).toBe(blocked.sentence);
    expect(present('blocked', blocked, live, false, ko).sentence).toMatch(/방화벽/);
  });
});

test.each([
  [999, '0 s', '0초'],
  [59_999, '59 s', '59초'],
  [61_000, '1 min', '1분'],
  [3 * 3600_000 + 5 * 60_000, '3 h 5 min', '3시간 5분'],
  [50 * 3600_000, '2 d 2 h', '2일 2시간'],
  [-5, '0 s', '0초'],
])('%i ms', (ms, english, korean) => {
  expect(durationText(ms, t)).toBe(english);
  expect(durationText(ms, ko)).toBe(korean);
});

test('flags have words, new ones are shown as they are', () => {
  expect(flagText('frozen', t)).toBe('Frozen');
  expect(flagText('upside-down', t)).toBe('upside-down');
});
