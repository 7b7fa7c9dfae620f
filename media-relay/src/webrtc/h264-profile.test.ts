import { expect, test } from 'vitest';
import { canCarry } from './h264-profile.ts';

const baseline = '42001f';
const constrainedBaseline = '42e01f';
const main = '4d001f';
const high = '64001f';

test.each([
  ['the same profile at another level', [constrainedBaseline], '42e00d', true],
  ['a smaller profile', [high], constrainedBaseline, true],
  ['a larger profile', [constrainedBaseline], main, false],
  ['a larger profile than offered, of which the stream is already', [constrainedBaseline, high], main, true],
  ['Baseline, which cameras send without its extras', [constrainedBaseline], baseline, true],
  ['a profile that nobody knows', [high], '990000', false],
  ['what is no profile', [high], 'x', false],
])('a payload type carries %s: %s plays %s: %s', (_name, carried, profileLevelId, expected) => {
  expect(canCarry(carried, profileLevelId)).toBe(expected);
});
