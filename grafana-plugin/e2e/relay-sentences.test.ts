/** What the relay can say to a user of panel or data source has a sentence in each of their languages. */
import { describe, expect, test } from 'vitest';
import { playerCodes } from '../../media-relay/src/client/tile-machine.ts';
import { overCapacityReasons } from '../../media-relay/src/engine/admission.ts';
import { problems } from '../../media-relay/src/http/errors.ts';
import { streamWarnings } from '../../media-relay/src/stream/states.ts';
import { streamReasonCodes } from '../../media-relay/src/stream/stream-reason.ts';
import { refusalIn, saidIn, sentencesFor } from '../src/relay/relay-sentences.ts';
import type { SentenceKind } from '../src/relay/relay-sentences.ts';

/** Only who changes the relay meets them, and the plugin's routes change nothing. */
const ofAdministration = ['config-invalid', 'stream-exists', 'stream-from-config'];

const codes: Readonly<Record<SentenceKind, readonly string[]>> = {
  problem: Object.keys(problems).filter((code) => !ofAdministration.includes(code)),
  limit: overCapacityReasons,
  stream: streamReasonCodes,
  warning: Object.keys(streamWarnings),
  player: playerCodes,
};

describe.each(Object.entries(codes) as [SentenceKind, readonly string[]][])('%s', (kind, known) => {
  test('each code of the relay has a Korean sentence, and no other has', () => {
    expect(Object.keys(sentencesFor('ko')?.[kind] ?? {}).sort()).toEqual([...known].sort());
  });

  test.each(known)('%s: Korean, and a whole sentence', (code) => {
    expect(saidIn('ko-KR')(kind, code, 'English.')).toMatch(/[가-힣].*\.$/);
    expect(saidIn('en-US')(kind, code, 'English.')).toBe('English.');
  });
});

test('the player’s codes are none of the relay’s: one place tells them', () => {
  expect(playerCodes.filter((code) => Object.hasOwn(problems, code))).toEqual([]);
});

test('what nobody knows stays as it was said', () => {
  const said = saidIn('ko');
  expect(said('problem', 'of-tomorrow', 'New.')).toBe('New.');
  expect(said('stream', 'constructor', 'New.')).toBe('New.');
  expect(said('problem', undefined, 'New.')).toBe('New.');
  expect(refusalIn(said, { code: undefined, sentence: 'New.' })).toBe('New.');
});

test('of a full relay, the limit is named', () => {
  const full = { code: 'over-capacity', sentence: 'Full.' };
  const said = saidIn('ko');
  expect(refusalIn(said, full)).toMatch(/가득/);
  expect(refusalIn(said, { ...full, reason: 'stream-viewers' })).toMatch(/시청자/);
  expect(refusalIn(said, { ...full, reason: 'of-tomorrow' })).toMatch(/가득/);
  expect(refusalIn(saidIn('en'), { ...full, reason: 'memory' })).toBe('Full.');
});
