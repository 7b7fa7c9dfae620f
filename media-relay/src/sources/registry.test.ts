import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../media/clock.ts';
import { timeBox } from '../testing/time-box.ts';
import { createSource, sourceSchemes, validateSourceUrl } from './registry.ts';
import { SourceError } from './source.ts';

const context = { clock: systemClock };

describe('createSource', () => {
  it.each([
    ['rtsp://admin:geheim@cam.local/live', 'rtsp://cam.local/live'],
    ['RTSPS://cam.local:322/live', 'rtsps://cam.local:322/live'],
  ])('makes a source of %s', (url, label) => {
    expect(createSource({ url, transport: 'auto' }, context).label).toBe(label);
  });

  it('makes a demo', () => {
    expect(createSource({ url: 'demo:?fps=10', transport: 'tcp' }, context).label).toMatch(/^demo:/);
  });

  it('refuses an unknown scheme with the list of the known ones', () => {
    const spec = { url: 'rtmp://admin:geheim@cam/', transport: 'tcp' } as const;
    expect(() => createSource(spec, context)).toThrow(
      'No source is called "rtmp:": use one of rtsp:, rtsps:, demo:',
    );
  });
});

describe('validateSourceUrl', () => {
  it.each([
    ['rtsp://cam/live', undefined],
    ['demo:', undefined],
    ['cam.local/live', 'has no scheme'],
    ['', 'has no scheme'],
    ['rtsp://admin:geheim#1@cam/', '%23'],
    ['demo:?fps=geheim', 'fps'],
  ])('%s', (url, words) => {
    const problem = validateSourceUrl(url);
    if (words === undefined) expect(problem).toBeUndefined();
    else expect(problem).toContain(words);
  });

  it('agrees with createSource on any text', () => {
    const urls = fc.oneof(
      fc.string(),
      fc.tuple(fc.constantFrom(...sourceSchemes), fc.string()).map(([scheme, rest]) => `${scheme}:${rest}`),
      fc
        .tuple(fc.constantFrom('rtsp://', 'rtsps://u:p@', 'demo:?'), fc.string())
        .map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(urls, (url) => {
        const problem = validateSourceUrl(url);
        try {
          createSource({ url, transport: 'tcp' }, context);
          expect(problem).toBeUndefined();
        } catch (error) {
          expect(error).toBeInstanceOf(SourceError);
          expect(problem).toBeDefined();
        }
      }),
      timeBox,
    );
  });
});
