import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { timeBox } from '../testing/time-box.ts';
import { Authenticator, digestAuthorization, parseChallenges, strongestChallenge } from './auth.ts';

const md5 = 'Digest realm="cam", nonce="n1", algorithm=MD5';
const sha256 = 'Digest realm="cam", nonce="n1", algorithm=SHA-256, qop="auth"';
const basic = 'Basic realm="cam"';

describe('digestAuthorization', () => {
  it('answers the example of RFC 2617 section 3.5', () => {
    const [challenge] = parseChallenges([
      'Digest realm="testrealm@host.com", qop="auth,auth-int", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", opaque="5ccc069c403ebaf9f0171e9517f40e41"',
    ]);
    const value = digestAuthorization({
      parameters: challenge?.parameters ?? new Map(),
      credentials: { user: 'Mufasa', password: 'Circle Of Life' },
      method: 'GET',
      url: '/dir/index.html',
      cnonce: '0a4f113b',
      nonceCount: 1,
    });
    expect(value).toContain('response="6629fae49393a05397450978507c4ef1"');
    expect(value).toContain('qop=auth, nc=00000001, cnonce="0a4f113b"');
    expect(value).toContain('opaque="5ccc069c403ebaf9f0171e9517f40e41"');
  });

  it.each([
    ['SHA-256', '753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1'],
    ['MD5', '8ca523f5e9506fed4657c9700eebdbec'],
  ])('answers the %s example of RFC 7616 section 3.9.1', (algorithm, response) => {
    const parameters = new Map([
      ['realm', 'http-auth@example.org'],
      ['qop', 'auth, auth-int'],
      ['algorithm', algorithm],
      ['nonce', '7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v'],
    ]);
    const value = digestAuthorization({
      parameters,
      credentials: { user: 'Mufasa', password: 'Circle of Life' },
      method: 'GET',
      url: '/dir/index.html',
      cnonce: 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ',
      nonceCount: 1,
    });
    expect(value).toContain(`response="${response}"`);
  });

  it('leaves qop, nc and cnonce out when the camera asks the old way', () => {
    const parameters = new Map([
      ['realm', 'cam'],
      ['nonce', 'n'],
    ]);
    const value = digestAuthorization({
      parameters,
      credentials: { user: 'a"b', password: 'c' },
      method: 'PLAY',
      url: 'rtsp://c/',
      cnonce: 'x',
      nonceCount: 1,
    });
    expect(value).toMatch(
      /^Digest username="a\\"b", realm="cam", nonce="n", uri="rtsp:\/\/c\/", response="[0-9a-f]{32}"$/,
    );
  });
});

describe('parseChallenges', () => {
  it('reads several challenges from one header and from several', () => {
    const challenges = parseChallenges([`${basic}, ${md5}`, 'DIGEST Realm = "a \\"b\\", c" ,nonce=xyz']);
    expect(challenges.map((challenge) => challenge.scheme)).toEqual(['basic', 'digest', 'digest']);
    expect([...(challenges[2]?.parameters ?? [])]).toEqual([
      ['realm', 'a "b", c'],
      ['nonce', 'xyz'],
    ]);
  });

  it('reads any text', () => {
    const pieces = fc.constantFrom('Digest ', 'Basic', 'realm=', '"', '\\', ',', ' ', '=', 'nonce', 'x');
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            fc.string(),
            fc.array(pieces).map((parts) => parts.join('')),
          ),
        ),
        (headers) => {
          const challenges = parseChallenges(headers);
          expect(challenges.length).toBeLessThanOrEqual(16);
          expect(challenges.every((challenge) => challenge.scheme.length > 0)).toBe(true);
        },
      ),
      timeBox,
    );
  });
});

describe('strongestChallenge', () => {
  it.each([
    [[basic, md5, sha256], 'SHA-256'],
    [[sha256, md5], 'SHA-256'],
    [[basic, md5], 'MD5'],
    [['Digest realm="x", nonce="y", algorithm=SHA-512-256', basic], undefined],
    [['Digest realm="x", nonce="y", qop="auth-int"', basic], undefined],
    [['Digest realm="without a nonce"', basic], undefined],
  ])('of %j is %s', (headers, algorithm) => {
    const strongest = strongestChallenge(parseChallenges(headers));
    expect(strongest?.scheme).toBe(algorithm === undefined ? 'basic' : 'digest');
    expect(strongest?.parameters.get('algorithm')).toBe(algorithm);
  });

  it('is none when nothing is known', () => {
    expect(strongestChallenge(parseChallenges(['Bearer realm="x"']))).toBeUndefined();
  });
});

describe('Authenticator', () => {
  const credentials = { user: 'admin', password: 'geh/eim' };
  const make = (given: typeof credentials | undefined = credentials): Authenticator =>
    new Authenticator(given, 'cam:554', () => 'cn');

  it('says nothing until asked, then counts the uses of a nonce', () => {
    const auth = make();
    expect(auth.authorization('OPTIONS', 'rtsp://c')).toBeUndefined();
    auth.challenged([sha256], 1, false);
    expect(auth.authorization('DESCRIBE', 'rtsp://c')).toContain('nc=00000001');
    expect(auth.authorization('SETUP', 'rtsp://c')).toContain('nc=00000002');
    auth.challenged([sha256.replace('n1', 'n2').replace('Digest', 'Digest stale=TRUE,')], 1, true);
    expect(auth.authorization('PLAY', 'rtsp://c')).toContain('nonce="n2"');
    expect(auth.authorization('PLAY', 'rtsp://c')).toContain('nc=00000002');
  });

  it('gives up on a second 401 of the same realm', () => {
    const auth = make();
    auth.challenged([md5], 1, false);
    expect(() => auth.challenged([md5.replace('n1', 'n2')], 2, true)).toThrow(
      'refuses the user or the password',
    );
  });

  it('takes a new nonce without stale once the credentials were accepted, but only once per request', () => {
    const auth = make();
    auth.challenged([md5], 1, false);
    auth.accepted();
    auth.challenged([md5.replace('n1', 'n2')], 1, true);
    expect(() => auth.challenged([md5.replace('n1', 'n3')], 2, true)).toThrow('refuses');
  });

  it('ends a camera that calls every nonce stale, or changes its realm each time', () => {
    for (const next of [
      (i: number) => `Digest realm="a", nonce="${i}", stale=true`,
      (i: number) => `Basic realm="${i}"`,
    ]) {
      const auth = make();
      auth.challenged([next(1)], 1, false);
      auth.challenged([next(2)], 2, true);
      expect(() => auth.challenged([next(3)], 3, true)).toThrow('refuses');
    }
  });

  it('has a sentence for no credentials and for unknown schemes', () => {
    expect(() => new Authenticator(undefined, 'cam:554', () => '').challenged([md5], 1, false)).toThrow(
      'put them into the URL',
    );
    expect(() => make().challenged(['Bearer realm="x"'], 1, false)).toThrow('not supported (bearer)');
  });
});
