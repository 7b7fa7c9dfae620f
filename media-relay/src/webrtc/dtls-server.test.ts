import { describe, expect, test } from 'vitest';
import { converse, deliver, mirrorSignature, open, type Outcome } from '../testing/dtls-conversation.ts';
import { useDtlsHalves } from '../testing/dtls-halves.ts';
import { DtlsPeer, type PeerCertificate } from '../testing/dtls-peer.ts';
import { createCertificate } from './certificate.ts';

const { openssl, arena, factories } = useDtlsHalves();

describe.each(['native', 'portable'] as const)('the %s half as server', (half) => {
  const accept = (fingerprint: string): Outcome => open(factories[half], 'server', fingerprint);
  const client = (certificate: PeerCertificate): DtlsPeer =>
    new DtlsPeer(openssl, arena, 'client', certificate);

  test('refuses a Finished that does not match what was said', async () => {
    const own = createCertificate(Date.now());
    const viewer = client(own);
    const outcome = accept(own.fingerprint);
    await converse(viewer, outcome, mirrorSignature);
    expect(outcome.connected).toBeUndefined();
    expect(viewer.isConnected).toBe(false);
    expect(outcome.ended).toMatchObject({
      reason: 'failed',
      detail: expect.stringMatching(/digest check|Finished/),
    });
    outcome.dtls.close();
    viewer.close();
  });

  test('sends a lost flight again within 100 ms', async () => {
    const own = createCertificate(Date.now());
    const viewer = client(own);
    const outcome = accept(own.fingerprint);
    let hello = viewer.advance();
    await deliver(outcome, hello);
    while (outcome.dtls.timeoutMs() === undefined) {
      hello = viewer.advance(...outcome.sent.splice(0)); // with the cookie
      await deliver(outcome, hello);
    }
    outcome.sent.splice(0); // lost
    const timeoutMs = outcome.dtls.timeoutMs() ?? 0;
    expect(timeoutMs).toBeGreaterThan(0);
    expect(timeoutMs).toBeLessThanOrEqual(100);
    await new Promise((resolve) => setTimeout(resolve, timeoutMs + 1));
    outcome.dtls.handleTimeout();
    expect(outcome.sent.length).toBeGreaterThan(0);
    expect(outcome.dtls.timeoutMs()).toBeGreaterThan(timeoutMs);
    await deliver(outcome, viewer.advance(...outcome.sent.splice(0)));
    expect(outcome.connected).toBeDefined();
    outcome.dtls.close();
    viewer.close();
  });

  test('answers the last flight again when its own answer was lost', async () => {
    const own = createCertificate(Date.now());
    const viewer = client(own);
    const outcome = accept(own.fingerprint);
    let flight = viewer.advance();
    while (outcome.connected === undefined) {
      await deliver(outcome, flight);
      if (outcome.connected === undefined) flight = viewer.advance(...outcome.sent.splice(0));
    }
    outcome.sent.splice(0); // lost
    expect(viewer.isConnected).toBe(false);
    await new Promise((resolve) => setTimeout(resolve, 60));
    await deliver(outcome, viewer.handleTimeout());
    viewer.advance(...outcome.sent.splice(0));
    expect(viewer.isConnected).toBe(true);
    expect(outcome.endings).toBe(0);
    outcome.dtls.close();
    viewer.close();
  });
});
