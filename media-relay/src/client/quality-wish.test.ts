import { expect, test } from 'vitest';
import { devicePixels, offerUrl } from './quality-wish.ts';

test('a tile is measured in device pixels; one that is not shown has no size', () => {
  expect(devicePixels(320.4, 180.2, 2)).toEqual({ width: 641, height: 360 });
  expect(devicePixels(0, 180, 2)).toBeUndefined();
  expect(devicePixels(320, 0.2, 1)).toBeUndefined();
  expect(devicePixels(30_000, 100, 1)).toEqual({ width: 16_384, height: 100 });
});

test('the offer says what is wanted, and how large the picture will be where that is known', () => {
  const url = 'https://host/sub/api/v1/whep/lobby?a=b';
  expect(offerUrl(url, 'auto', { width: 640, height: 360 })).toBe(`${url}&quality=auto&width=640&height=360`);
  expect(offerUrl(url, 'main', undefined)).toBe(`${url}&quality=main`);
});
