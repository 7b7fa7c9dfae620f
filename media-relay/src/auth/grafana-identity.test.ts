import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import type { CryptoKey } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';

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
  const keys = { keys: [{ ...(await exportJWK(pair.publicKey)), kid: 'k1', alg: 'ES256', use: 'sig' }] };
  server = createServer((request, response) => {
    asked++;
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
