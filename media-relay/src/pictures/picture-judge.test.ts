import { expect, test } from 'vitest';

import type { PictureFacts } from './picture-facts.ts';
import { PictureJudge } from './picture-judge.ts';

const day: PictureFacts = {
  brightness: 0.45,
  contrast: 0.2,
  darkShare: 0.05,
  brightShare: 0.01,
  sharpness: 0.1,
};
const facts = (changes: Partial<PictureFacts>): PictureFacts => ({ ...day, ...changes });

/** What each picture changed, as `+frozen` or `-frozen`. */
function judge(pictures: readonly (readonly [PictureFacts, string])[]): string[] {
  const one = new PictureJudge();
  return pictures.map(([facts, checksum]) =>
    one
      .check({ facts, checksum })
      .map(({ flag, on }) => (on ? '+' : '-') + flag)
      .join(),
  );
}

/** Every picture another one, as sensor noise makes it. */
const alive = (list: readonly PictureFacts[]): [PictureFacts, string][] =>
  list.map((facts, n) => [facts, String(n)]);
const times = <T>(count: number, value: T): T[] => Array.from({ length: count }, () => value);

test('a scene in which nothing happens is not frozen: noise makes each picture another one', () => {
  expect(judge(alive(times(20, day)))).toEqual(times(20, ''));
});

test('the same picture four times is frozen, and the first new one ends it', () => {
  const same: [PictureFacts, string] = [day, 'a'];
  expect(judge([same, same, same, same, same, [day, 'b'], same])).toEqual([
    '',
    '',
    '',
    '+frozen',
    '',
    '-frozen',
    '',
  ]);
});

test('also when the encoder codes it in turns in two ways', () => {
  const turns = ['a', 'b', 'a', 'b', 'a'].map((checksum): [PictureFacts, string] => [day, checksum]);
  expect(judge(turns)).toEqual(['', '', '', '', '+frozen']);
});

test('a picture that comes back after many others is a coincidence', () => {
  const loop = Array.from({ length: 30 }, (_, n): [PictureFacts, string] => [day, String(n % 6)]);
  expect(judge(loop)).toEqual(times(30, ''));
});

test('black is black, and neither frozen nor underexposed', () => {
  const black = facts({ brightness: 0.01, contrast: 0.005, darkShare: 1, sharpness: 0 });
  expect(judge(times(6, [black, 'a'] as const))).toEqual(['', '', '+black', '', '', '']);
});

test('lights in the night: dark, not black', () => {
  const night = facts({ brightness: 0.05, contrast: 0.09, darkShare: 0.94 });
  expect(judge(alive(times(4, night)))).toEqual(['', '', '+underexposed', '']);
});

test('a passing flash or lorry is not worth a word', () => {
  const white = facts({ brightness: 0.98, brightShare: 0.9 });
  const soft = facts({ sharpness: 0.001 });
  expect(judge(alive([day, white, white, day, soft, soft, day]))).toEqual(times(7, ''));
});

test('between two thresholds a flag stays as it is', () => {
  const hot = facts({ brightShare: 0.6 });
  const warm = facts({ brightShare: 0.45 });
  expect(judge(alive([warm, warm, warm, hot, hot, hot, warm, warm, warm, day, day]))).toEqual([
    ...times(5, ''),
    '+overexposed',
    ...times(4, ''),
    '-overexposed',
  ]);
});

test('a wall without contrast is not blurred', () => {
  const fog = facts({ contrast: 0.02, sharpness: 0 });
  const blur = facts({ sharpness: 0.002 });
  expect(judge(alive(times(5, fog)))).toEqual(times(5, ''));
  expect(judge(alive(times(3, blur)))).toEqual(['', '', '+blurred']);
});
