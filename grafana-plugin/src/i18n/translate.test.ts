import { expect, test } from 'vitest';
import { translator } from './translate.ts';

const english = { ago: '{age} ago', live: 'Live' } as const;
const korean = { ago: '{age} 전', live: '라이브' } as const;

test.each([
  ['ko-KR', '5초 전', '라이브'],
  ['ko', '5초 전', '라이브'],
  ['en-US', '5초 ago', 'Live'],
  ['', '5초 ago', 'Live'],
  ['constructor', '5초 ago', 'Live'],
])('speaks %s', (language, ago, live) => {
  const t = translator(english, { ko: korean }, language);
  expect(t('ago', { age: '5초' })).toBe(ago);
  expect(t('live')).toBe(live);
});

test('leaves a placeholder that nobody filled', () => {
  expect(translator(english, {}, 'en')('ago')).toBe('{age} ago');
});
