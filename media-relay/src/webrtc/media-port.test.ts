import { createSecretKey } from 'node:crypto';
import dgram from 'node:dgram';
import { once } from 'node:events';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { Arena, countedAddresses } from '../native/arena.ts';
import { nativeEgress } from './egress-native.ts';
import { portableEgress } from './egress-portable.ts';
import type { Destination, UdpEgress } from './egress.ts';
import { MediaPort } from './media-port.ts';
import { MAX_PATHS, type PortClient } from './port-client.ts';
import { writeBindingRequest } from './stun-writer.ts';

const halves = {
  native: (): UdpEgress => nativeEgress(new Arena()),
  portable: (): UdpEgress => portableEgress(new Arena(countedAddresses())),
};

/** Believes every check and answers it. */
class Client implements PortClient {
  readonly localUfrag = 'ours';
  readonly lost: Destination[] = [];
  checks = 0;
  path: Destination | undefined;
  readonly #egress: UdpEgress;

  constructor(egress: UdpEgress) {
    this.#egress = egress;
  }

  onStun(_datagram: Uint8Array, from: Destination): boolean {
    this.checks++;
    this.path = from;
    this.#egress.sendDatagram(from, Buffer.from('answer'));
    return true;
  }

  onDtls(): void {}

  onRtcp(): void {}

  onPathDoubtful(): void {}
  onPathLost(path: Destination): void {
    this.lost.push(path);
  }
}

const check = writeBindingRequest({
  transactionId: Buffer.alloc(12, 1),
  username: 'ours:theirs',
  key: createSecretKey('secret', 'utf8'),
  priority: 1,
  role: 'controlling',
  tieBreaker: 1n,
  useCandidate: true,
});

const both = [
  { address: '127.0.0.1', family: 4 },
  { address: '127.0.0.2', family: 4 },
] as const;

const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0).reverse()) cleanup();
});

describe.each(['native', 'portable'] as const)('over the %s half', (half) => {
  async function open() {
    const egress = halves[half]();
    const receive = vi.spyOn(egress, 'open');
    const clock = { nowMs: 0 };
    const port = new MediaPort(egress, 0, () => clock.nowMs);
    await port.setAddresses(both);
    const client = new Client(egress);
    port.add(client);
    cleanups.push(() => port.close());
    return {
      port,
      client,
      clock,
      /** As if it had come from this port of 127.0.0.1. */
      receiveFrom: (from: number) => receive.mock.calls[0]?.[3](check, '127.0.0.1', from),
    };
  }

  test('a viewer goes on when the address that it came by was away for a while', async () => {
    const { port, client } = await open();
    const viewer = dgram.createSocket('udp4').bind(0, '127.0.0.1');
    cleanups.push(() => viewer.close());
    await once(viewer, 'listening');
    const ask = async (): Promise<string> => {
      viewer.send(check, port.port, '127.0.0.2');
      const [answer] = (await once(viewer, 'message')) as [Buffer];
      return answer.toString();
    };
    expect(await ask()).toBe('answer');
    const { path } = client;
    await port.setAddresses(both.slice(0, 1));
    expect(client.lost).toEqual([path]);
    await port.setAddresses(both);
    expect(await ask()).toBe('answer');
    expect(client.path).not.toBe(path);
  });

  test('an address whose port is another one\u2019s is told, and the others serve', async () => {
    const { port } = await open();
    await port.setAddresses(both.slice(0, 1));
    expect(port.udpProblem).toBeUndefined();
    const other = dgram.createSocket('udp4').bind(port.port, '127.0.0.2');
    await once(other, 'listening');
    await port.setAddresses(both);
    expect(port.udpProblem).toContain('127.0.0.2');
    expect(port.addresses).toEqual(['127.0.0.1']);
    other.close();
    await once(other, 'close');
    await port.setAddresses(both);
    expect(port.udpProblem).toBeUndefined();
    expect(port.addresses).toEqual(['127.0.0.1', '127.0.0.2']);
  });

  test('what comes from port 0, where nobody can be answered, is nobody\u2019s', async () => {
    const { port, client, receiveFrom } = await open();
    receiveFrom(0);
    expect(client.checks).toBe(0);
    expect(port.strangers).toBe(1);
    receiveFrom(1);
    expect(client.checks).toBe(1);
  });

  test('a viewer that has had many addresses is not kept from the next one', async () => {
    const { client, clock, receiveFrom } = await open();
    for (let from = 1; from <= MAX_PATHS + 1; from++) receiveFrom(from);
    expect(client.path?.port).toBe(MAX_PATHS);
    clock.nowMs = 31_000;
    receiveFrom(1); // still there
    receiveFrom(MAX_PATHS + 1);
    expect(client.path?.port).toBe(MAX_PATHS + 1);
    expect(client.lost.map(({ port }) => port)).toEqual([2]);
  });
});
