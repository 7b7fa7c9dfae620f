import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import * as fc from 'fast-check';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import type { CryptoKey, JWK } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';

import { shortTimeBox } from '../testing/time-box.ts';
import { createAuthoriser } from './authoriser.ts';
import type { AccessRule, VerifyGrafanaIdentity } from './grafana-identity.ts';
import { createGrafanaVerifier, patternsFor } from './grafana-identity.ts';
import type { AuthRequest } from './local-browser.ts';
import type { Principal } from './permissions.ts';
import { isAllowed } from './permissions.ts';
import { TokenBook } from './tokens.ts';

const claims = { type: 'user', username: 'ann', role: 'Viewer' };
const may = (principal: Principal, stream: string): boolean => isAllowed(principal, 'view', { stream });
const secret = 'grafana-0123456789abcdef';

let server: Server;
/** Requests for keys. */
let asked = 0;
let url: string;
let publicKey: JWK;
/** What /hostile/ answers for its keys. */
let hostile: { status: number; body: string };
let ours: CryptoKey;
let theirs: CryptoKey;
let verify: VerifyGrafanaIdentity;

function sign(key: CryptoKey, payload: Record<string, unknown> = claims, lifetime = '10m'): Promise<string> {
  return new SignJWT(payload)
    .setProtectedHeader({ alg: 'ES256', kid: 'k1', typ: 'jwt' })
    .setSubject('user:2')
    .setExpirationTime(lifetime)
    .sign(key);
}

beforeAll(async () => {
  const pair = await generateKeyPair('ES256');
  ours = pair.privateKey;
  theirs = (await generateKeyPair('ES256')).privateKey;
  publicKey = { ...(await exportJWK(pair.publicKey)), kid: 'k1', alg: 'ES256', use: 'sig' };
  const keys = { keys: [publicKey] };
  server = createServer((request, response) => {
    asked++;
    if (request.url?.startsWith('/hostile/') === true) {
      response.writeHead(hostile.status, { Location: '/grafana/api/signing-keys/keys' }).end(hostile.body);
      return;
    }
    response.statusCode = request.url === '/grafana/api/signing-keys/keys' ? 200 : 404;
    response.setHeader('Content-Type', 'application/json');
    response.end(JSON.stringify(keys));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/grafana/`;
});
afterAll(() => {
  server.close();
  server.closeAllConnections();
});
beforeEach(() => {
  verify = createGrafanaVerifier({ url });
});

describe('createGrafanaVerifier', () => {
  test('believes what the keys of Grafana prove', async () => {
    await expect(sign(ours).then(verify)).resolves.toEqual({
      userId: 'user:2',
      type: 'user',
      username: 'ann',
      role: 'Viewer',
    });
  });

  test('refuses another key, an expired token, another algorithm, no algorithm, no expiry, garbage', async () => {
    const unsigned = `${btoa('{"alg":"none"}')}.${btoa('{"sub":"user:2"}')}.`.replaceAll('=', '');
    const symmetric = await new SignJWT(claims)
      .setProtectedHeader({ alg: 'HS256', kid: 'k1' })
      .setSubject('user:2')
      .setExpirationTime('10m')
      .sign(new Uint8Array(32));
    const endless = await new SignJWT(claims)
      .setProtectedHeader({ alg: 'ES256', kid: 'k1' })
      .setSubject('user:2')
      .sign(ours);
    const all = [
      await sign(theirs),
      await sign(ours, claims, '-10m'),
      unsigned,
      symmetric,
      endless,
      'x',
      'a.b.c',
    ];
    for (const jwt of all) await expect(verify(jwt)).rejects.toBeInstanceOf(Error);
  });

  test('asks for the keys once, however many join together', async () => {
    const before = asked;
    const jwt = await sign(ours);
    await expect(Promise.all(Array.from({ length: 16 }, () => verify(jwt)))).resolves.toHaveLength(16);
    expect(asked).toBe(before + 1);
  });

  test('leaves a Grafana that answers wrongly alone for a while, however the clock is set', async () => {
    vi.useFakeTimers({ toFake: ['Date', 'performance'] });
    try {
      const jwt = await sign(ours);
      const wrong = createGrafanaVerifier({ url: `${url}elsewhere` });
      const before = asked;
      await expect(wrong(jwt)).rejects.toThrow('Grafana answers 404');
      await expect(wrong(jwt)).rejects.toThrow('a moment ago');
      expect(asked).toBe(before + 1);
      vi.setSystemTime(Date.now() - 3_600_000);
      vi.advanceTimersByTime(5_001);
      await expect(wrong(jwt)).rejects.toThrow('Grafana answers 404');
    } finally {
      vi.useRealTimers();
    }
  });

  test.each([
    ['a login page', '<html>hunter2</html>', 'is no key set'],
    ['another JSON', '{"keys":{"a":1}}', 'is no key set'],
    ['megabytes', JSON.stringify({ keys: [{ kid: 'x'.repeat(300_000) }] }), 'more than 256 kB'],
  ])(
    'takes %s in place of the keys for no answer, and waits before it asks again',
    async (_, body, problem) => {
      hostile = { status: 200, body };
      const wrong = createGrafanaVerifier({ url: url.replace('/grafana/', '/hostile/') });
      const jwt = await sign(ours);
      const before = asked;
      await expect(wrong(jwt)).rejects.toThrow(problem);
      await expect(wrong(jwt)).rejects.toThrow('a moment ago');
      expect(asked).toBe(before + 1);
    },
  );

  test('believes no token that was changed, and its error shows nothing of it', async () => {
    const good = await sign(ours);
    const other = await sign(theirs);
    await verify(good);
    const [head = '', body = '', signature = ''] = good.split('.');
    const encoded = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
    const field = fc.constantFrom(
      'alg',
      'kid',
      'typ',
      'crit',
      'b64',
      'jwk',
      'jku',
      'zip',
      'sub',
      'exp',
      'nbf',
    );
    const value = fc.oneof(
      fc.constantFrom<unknown>('none', 'HS256', 'ES384', 'k1', ['b64'], false, 0, 4e9, publicKey),
      fc.jsonValue({ maxDepth: 1 }),
    );
    const object = (text: string): object => JSON.parse(Buffer.from(text, 'base64url').toString()) as object;
    const changed = (text: string) =>
      fc.oneof(
        fc.constant(text),
        fc.tuple(field, value).map(([name, set]) => encoded({ ...object(text), [name]: set })),
        fc.tuple(fc.nat(text.length), fc.string({ maxLength: 2 })).map(([at, s]) => text.slice(0, at) + s),
        fc.jsonValue().map(encoded),
      );
    const signatures = fc.oneof(
      fc.constantFrom(signature, other.split('.')[2] ?? '', '', 'A'.repeat(86)),
      fc.nat(63).map((at) => {
        const bytes = Buffer.from(signature, 'base64url');
        bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
        return bytes.toString('base64url');
      }),
    );
    const token = fc.oneof(
      fc.tuple(changed(head), changed(body), signatures).map((parts) => parts.join('.')),
      fc.string({ maxLength: 100 }),
      fc.constant(good.repeat(100)),
    );
    const before = asked;
    await fc.assert(
      fc.asyncProperty(token, async (jwt) => {
        const result: unknown = await verify(jwt).catch((error: unknown) => error);
        if (!(result instanceof Error)) {
          expect(jwt).toBe(good);
          return;
        }
        expect(result.message.length).toBeLessThan(300);
        for (const part of [body, signature, 'ann']) expect(result.message).not.toContain(part);
      }),
      shortTimeBox,
    );
    // Unknown key ids do not make it ask Grafana again and again.
    expect(asked - before).toBeLessThanOrEqual(1);
  });

  test('whatever is answered for the keys: proves by the right key only, and asks once', async () => {
    const jwt = await sign(ours);
    const key = fc.oneof(
      fc.constant<unknown>(publicKey),
      fc
        .tuple(
          fc.constantFrom('kty', 'crv', 'x', 'y', 'alg', 'use', 'kid', 'key_ops'),
          fc.jsonValue({ maxDepth: 1 }),
        )
        .map(([name, set]): unknown => ({ ...publicKey, [name]: set })),
      fc.jsonValue({ maxDepth: 1 }),
    );
    const body = fc.oneof(
      fc.array(key, { maxLength: 3 }).map((keys) => JSON.stringify({ keys })),
      fc.json(),
      fc.string(),
    );
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(200, 200, 200, 204, 302, 404), body, async (status, text) => {
        hostile = { status, body: text };
        const wary = createGrafanaVerifier({ url: url.replace('/grafana/', '/hostile/') });
        const before = asked;
        const results = await Promise.allSettled([wary(jwt), wary(jwt)]);
        const late = await Promise.allSettled([wary(jwt)]);
        for (const result of [...results, ...late]) {
          if (result.status === 'fulfilled') expect(text).toContain(publicKey.x);
          else expect(result.reason).toBeInstanceOf(Error);
        }
        expect(asked).toBe(before + 1);
      }),
      shortTimeBox,
    );
  });

  test('rejects when Grafana cannot be reached', async () => {
    const lost = createGrafanaVerifier({ url: 'http://127.0.0.1:1/' });
    await expect(sign(ours).then(lost)).rejects.toBeInstanceOf(Error);
  });
});

describe('rules', () => {
  const rules: AccessRule[] = [
    { role: 'Viewer', streams: ['lobby-*'] },
    { user: 'ann', streams: ['garage'] },
    { user: 'user:3', role: 'Admin', streams: ['*'] },
  ];
  const ann = { userId: 'user:2', type: 'user', username: 'ann', role: 'Viewer' };

  test('add up for whom they fit', () => {
    expect(patternsFor(rules, ann)).toEqual(['lobby-*', 'garage']);
    expect(patternsFor(rules, { ...ann, username: undefined, role: 'Editor' })).toEqual([]);
    expect(patternsFor(rules, { ...ann, userId: 'user:3', username: 'bob', role: 'Admin' })).toEqual(['*']);
    expect(patternsFor(rules, undefined)).toEqual([]);
    expect(patternsFor([{ streams: ['*'] }], ann)).toEqual([]);
  });

  test('know an id from a login name that looks like one', () => {
    const byId: AccessRule[] = [{ user: 'user:2', streams: ['garage'] }];
    expect(patternsFor(byId, ann)).toEqual(['garage']);
    expect(patternsFor(byId, { ...ann, userId: 'user:9', username: 'user:2' })).toEqual([]);
  });

  const tokens = new TokenBook([
    { name: 'grafana', secret, forGrafana: true, grants: [{ permission: 'view', streams: ['lobby-*'] }] },
    {
      name: 'script',
      secret: `${secret}2`,
      forGrafana: false,
      grants: [{ permission: 'view', streams: ['*'] }],
    },
  ]);

  async function principalOf(
    headers: Record<string, string>,
    options: { rules?: AccessRule[]; verify?: VerifyGrafanaIdentity | undefined } = {},
  ): Promise<Principal> {
    const authoriser = createAuthoriser({
      tokens,
      rules: options.rules ?? rules,
      verifyGrafanaIdentity: 'verify' in options ? options.verify : verify,
    });
    const request: AuthRequest = {
      headersDistinct: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]])),
      remoteAddress: '192.0.2.1',
      httpVersion: '1.1',
    };
    const identified = await authoriser.identify(request);
    if (!identified.ok) throw new Error(identified.detail);
    return identified.principal;
  }

  test('narrow a token for a proven viewer, and never widen it', async () => {
    const principal = await principalOf({ 'x-sightline-token': secret, 'x-grafana-id': await sign(ours) });
    expect(principal.user).toBe('ann');
    expect(may(principal, 'lobby-1')).toBe(true);
    // A rule names it, the token does not.
    expect(may(principal, 'garage')).toBe(false);
  });

  test('deny when the identity is forged, missing or cannot be verified', async () => {
    const forged = await principalOf({ 'x-sightline-token': secret, 'x-grafana-id': await sign(theirs) });
    const missing = await principalOf({ 'x-sightline-token': secret });
    const marked = await principalOf({ 'x-sightline-token': `${secret}2`, 'x-grafana-referer': '' });
    const unverifiable = await principalOf(
      { 'x-sightline-token': secret, 'x-grafana-id': await sign(ours) },
      { verify: undefined },
    );
    for (const principal of [forged, missing, marked, unverifiable])
      expect(may(principal, 'lobby-1')).toBe(false);
  });

  test('do not concern a token that is used without Grafana', async () => {
    expect(may(await principalOf({ 'x-sightline-token': `${secret}2` }), 'garage')).toBe(true);
  });

  test('absent, an identity is for the log only, and a forged one harms nobody', async () => {
    const proven = await principalOf(
      { 'x-sightline-token': secret, 'x-grafana-id': await sign(ours) },
      { rules: [] },
    );
    const forged = await principalOf({ 'x-sightline-token': secret, 'x-grafana-id': 'x' }, { rules: [] });
    expect([proven.user, may(proven, 'lobby-2')]).toEqual(['ann', true]);
    expect([forged.user, may(forged, 'lobby-2')]).toEqual([undefined, true]);
  });

  test('an identity without a token is nobody', async () => {
    expect((await principalOf({ 'x-grafana-id': await sign(ours) })).kind).toBe('anonymous');
  });
});
