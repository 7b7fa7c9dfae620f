import { describe, expect, test } from 'vitest';

import { pictureFacts, type GrayPicture } from './picture-facts.ts';

const width = 32;
const height = 18;

function picture(luma: (x: number, y: number) => number): GrayPicture {
  const pixels = Uint8Array.from({ length: width * height }, (_, at) =>
    luma(at % width, Math.floor(at / width)),
  );
  return { pixels, width, height };
}

describe('facts', () => {
  test.each([0, 128, 255])('a picture of nothing but %i', (luma) => {
    expect(pictureFacts(picture(() => luma))).toEqual({
      brightness: luma / 255,
      contrast: 0,
      darkShare: luma === 0 ? 1 : 0,
      brightShare: luma === 255 ? 1 : 0,
      sharpness: 0,
    });
  });

  test('half black, half white', () => {
    const facts = pictureFacts(picture((x) => (x < width / 2 ? 0 : 255)));
    expect(facts).toMatchObject({ brightness: 0.5, contrast: 0.5, darkShare: 0.5, brightShare: 0.5 });
    // Two columns of 30 have a Laplacian of 255; its mean is 0, the variance of luma is 127.5 squared.
    expect(facts.sharpness).toBeCloseTo((2 / 30) * 4, 5);
  });

  test('the finest checkerboard is as sharp as it gets, a slope is not sharp at all', () => {
    // Each neighbour differs by 255: the Laplacian is 4 x 255 everywhere, with alternating sign.
    expect(pictureFacts(picture((x, y) => ((x + y) % 2) * 255)).sharpness).toBeCloseTo(64, 5);
    expect(pictureFacts(picture((x) => x * 4)).sharpness).toBe(0);
  });

  test('sharpness does not depend on contrast', () => {
    const strong = pictureFacts(picture((x) => (x % 8 < 4 ? 0 : 200)));
    const weak = pictureFacts(picture((x) => (x % 8 < 4 ? 100 : 120)));
    expect(weak.sharpness).toBeCloseTo(strong.sharpness, 5);
  });
});
