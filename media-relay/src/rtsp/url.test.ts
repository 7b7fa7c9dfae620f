import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { excerpt } from '../media/protocol-error.ts';
import { SourceError } from '../sources/source.ts';
import { timeBox } from '../testing/time-box.ts';
import { parseRtspUrl, redactor, redirectTarget, rtspUrlProblem } from './url.ts';

describe('parseRtspUrl', () => {
  it('separates what is sent from what is secret', () => {
    expect(parseRtspUrl('rtsp://ad%40min:p%2Fw%23@cam.local:8554/live/1?sub=0#x')).toEqual({
      requestUrl: 'rtsp://cam.local:8554/live/1?sub=0',
      host: 'cam.local',
      port: 8554,
      tls: false,
      credentials: { user: 'ad@min', password: 'p/w#' },
      label: 'rtsp://cam.local:8554/live/1?sub=0',
    });
  });

  it.each([
    ['rtsp://c', 554, 'c'],
    ['rtsps://c/', 322, 'c'],
    ['RTSP://[fe80::1]:99/x', 99, 'fe80::1'],
  ])('%s: port %i of %s', (url, port, host) => {
    expect(parseRtspUrl(url)).toMatchObject({ port, host });
  });

  it('accepts a password that is not percent-encoded well', () => {
    expect(parseRtspUrl('rtsp://u:100%@c/').credentials).toEqual({ user: 'u', password: '100%' });
    expect(parseRtspUrl('rtsp://u:p@ss@c/').credentials).toEqual({ user: 'u', password: 'p@ss' });
  });

  it('hides the secrets that some cameras want in path or query', () => {
    expect(parseRtspUrl('rtsp://c/user=admin&password=geheim&channel=1').label).toBe(
      'rtsp://c/user=***&password=***&channel=1',
    );
    expect(parseRtspUrl('rtsp://c/live?Token=abc').label).toBe('rtsp://c/live?Token=***');
  });
});

describe('rtspUrlProblem', () => {
  it.each([
    ['http://c/', 'starts with rtsp'],
    ['rtsp:c', 'starts with rtsp'],
    ['rtsp://u:geheim#1@c/', '%23'],
    ['rtsp://u:12?geheim@c/', '%3F'],
    ['rtsp://u:geheim@/x', 'not valid'],
    ['rtsp://u:geheim@c:x/', 'not valid'],
    ['rtsp://c/a b', '%20'],
    ['rtsp:///x', 'no host'],
    ['rtsp://c:0/', 'Port 0'],
  ])('%s', (url, words) => {
    const problem = rtspUrlProblem(url);
    expect(problem).toContain(words);
    expect(problem).not.toContain('geheim');
  });

  it('accepts what parseRtspUrl accepts, whatever the text', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.webUrl()),
        fc.constantFrom('rtsp://', 'rtsps://', ''),
        (text, scheme) => {
          const url = scheme + text.replace(/^https?:\/\//, '');
          try {
            const target = parseRtspUrl(url);
            expect(rtspUrlProblem(url)).toBeUndefined();
            expect(target.requestUrl).not.toMatch(/\s/);
          } catch (error) {
            expect(error).toBeInstanceOf(SourceError);
            expect(rtspUrlProblem(url)).toBeDefined();
          }
        },
      ),
      timeBox,
    );
  });
});

describe('redirectTarget', () => {
  const from = (url: string) => parseRtspUrl(url);
  it.each([
    ['rtsp://u:p@cam/a', 'rtsp://cam/b', 'u'],
    ['rtsp://u:p@cam/a', '/b', 'u'],
    ['rtsp://u:p@cam/a', 'rtsp://CAM:8554/b', 'u'],
    ['rtsp://u:p@cam/a', 'rtsps://cam/b', 'u'],
    ['rtsps://u:p@cam/a', 'rtsps://cam/b', 'u'],
    ['rtsps://u:p@cam/a', 'rtsp://cam/b', undefined],
    ['rtsp://u:p@cam/a', 'rtsp://cam.evil/b', undefined],
    ['rtsp://u:p@cam/a', 'rtsp://other/b', undefined],
    ['rtsp://u:p@cam/a', 'rtsp://x:y@other/b', 'x'],
  ])('%s to %s carries %s', (url, location, user) => {
    expect(redirectTarget(from(url), location).credentials?.user).toBe(user);
  });

  it.each(['http://cam/', 'file:///etc/passwd', 'rtsp://', 'rtsp://a b/'])(
    'refuses to go to %s',
    (location) => {
      expect(() => redirectTarget(from('rtsp://cam/'), location)).toThrow('redirects to something');
    },
  );

  it('refuses an address of more than 4,096 characters', () => {
    const location = 'rtsp://cam/'.padEnd(4097, 'a');
    expect(() => redirectTarget(from('rtsp://cam/'), location)).toThrow('redirects to something');
    expect(redirectTarget(from('rtsp://cam/'), location.slice(0, -1)).host).toBe('cam');
  });
});

describe('redactor', () => {
  it('removes what stood in the query, wherever it comes back', () => {
    const redact = redactor(parseRtspUrl('rtsp://cam/live?user=bob&token=s3cr%2Fet&channel=1'));
    expect(redact('bob: s3cr%2Fet and s3cr/et, token=other channel=1')).toBe(
      'bob: *** and ***, token=*** channel=1',
    );
  });

  it('removes every spelling of the password', () => {
    const redact = redactor(parseRtspUrl('rtsp://admin:g%C3%A9h%20eim%2F@cam/'));
    const basic = Buffer.from('admin:g\u00e9h eim/').toString('base64');
    const text = `a g\u00e9h eim/ b g%C3%A9h%20eim%2F c ${basic} d g%C3%A9h%20eim/`;
    expect(redact(text)).toBe('a *** b *** c *** d ***');
  });

  it('removes it from excerpts: cut short, and with dots for what cannot be printed', () => {
    const redact = redactor(parseRtspUrl('rtsp://admin:g%C3%A9heimnis@cam/?token=query-secret'));
    expect(redact(`"${excerpt('g\u00e9heimnis')}"`)).toBe('"***"');
    expect(redact(excerpt(`${'x'.repeat(56)}g\u00e9heimnis`))).toBe(`${'x'.repeat(56)}***\u2026`);
    expect(redact(excerpt(`${'x'.repeat(49)}query-secret`))).toBe(`${'x'.repeat(49)}***\u2026`);
  });
});
