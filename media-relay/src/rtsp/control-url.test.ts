import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ProtocolError } from '../media/protocol-error.ts';
import { timeBox } from '../testing/time-box.ts';
import { baseUrl, resolveControl } from './control-url.ts';
import { RtspHeaders } from './message.ts';

const asked = 'rtsp://10.0.0.5/live/ch1?sub=1';

describe('baseUrl', () => {
  it.each<[string, [string, string][], string]>([
    ['Content-Base', [['Content-Base', 'rtsp://10.0.0.5/live/ch1/']], 'rtsp://10.0.0.5/live/ch1/'],
    [
      'Content-Base before Content-Location',
      [
        ['Content-Location', 'rtsp://b/'],
        ['CONTENT-BASE', 'rtsp://a/'],
      ],
      'rtsp://a/',
    ],
    ['Content-Location', [['content-location', 'rtsp://10.0.0.5/live/']], 'rtsp://10.0.0.5/live/'],
    ['neither', [], asked],
    ['an empty one', [['Content-Base', '']], asked],
    ['a relative one', [['Content-Base', '/live/other/']], 'rtsp://10.0.0.5/live/other/'],
    [
      'one with a query',
      [['Content-Base', 'rtsp://10.0.0.5/cam?channel=1&subtype=0/']],
      'rtsp://10.0.0.5/cam?channel=1&subtype=0/',
    ],
    [
      'one that repeats credentials',
      [['Content-Base', 'rtsp://u:p@10.0.0.5/live/']],
      'rtsp://10.0.0.5/live/',
    ],
  ])('takes %s', (_, headers, expected) => {
    expect(baseUrl(new RtspHeaders(headers), asked)).toBe(expected);
  });
});

describe('resolveControl', () => {
  it.each([
    ['rtsp://c/live/', 'trackID=1', 'rtsp://c/live/trackID=1'],
    ['rtsp://c/live', 'trackID=1', 'rtsp://c/live/trackID=1'],
    ['rtsp://c/live/', '/trackID=1', 'rtsp://c/live/trackID=1'],
    ['rtsp://c/live', '/live/track1', 'rtsp://c/live/track1'],
    ['rtsp://c/live/', '*', 'rtsp://c/live/'],
    ['rtsp://c/live/', undefined, 'rtsp://c/live/'],
    ['rtsp://c/live/', 'RTSP://c/live/video', 'RTSP://c/live/video'],
    ['rtsp://c/live/', 'rtsp://u:p@10.1.1.1/video', 'rtsp://10.1.1.1/video'],
    ['rtsp://c/cam?channel=1&subtype=0', 'trackID=0', 'rtsp://c/cam?channel=1&subtype=0/trackID=0'],
    ['rtsp://c/cam?channel=1/', 'trackID=0', 'rtsp://c/cam?channel=1/trackID=0'],
    ['rtsp://c/live', '?ctype=video', 'rtsp://c/live?ctype=video'],
    ['rtsp://c', 'stream=0', 'rtsp://c/stream=0'],
  ])('%s and %s', (base, control, expected) => {
    expect(resolveControl(base, control)).toBe(expected);
  });

  it('rejects a URL that would break the request line', () => {
    expect(() => resolveControl('rtsp://c/', 'a RTSP/1.0')).toThrow(ProtocolError);
  });

  it('never lets white space through', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string(), (control, base) => {
        try {
          expect(resolveControl(`rtsp://c/${base}`, control)).not.toMatch(/\s/);
        } catch (error) {
          expect(error).toBeInstanceOf(ProtocolError);
        }
      }),
      timeBox,
    );
  });
});
