import { once } from 'node:events';
import dgram from 'node:dgram';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { collectGarbage } from '../testing/collect-garbage.ts';
import { Arena, countedAddresses } from '../native/arena.ts';
import { errnoOf, loadLibc } from '../native/libc.ts';
import { nativeEgress } from './egress-native.ts';
import { portableEgress } from './egress-portable.ts';
import { MAX_QUEUED_BYTES, type UdpEgress } from './egress.ts';

const halves = {
  native: (): UdpEgress => nativeEgress(new Arena()),
  portable: (): UdpEgress => portableEgress(new Arena(countedAddresses())),
};
const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

/** A peer that keeps what it receives. */
async function peer(address: string, family: 4 | 6) {
  const socket = dgram.createSocket(family === 6 ? 'udp6' : 'udp4');
  const received: Buffer[] = [];
  const waiting = new Set<() => void>();
  socket.on('message', (datagram) => {
    received.push(datagram);
    for (const look of waiting) look();
  });
  socket.bind(0, address);
  await once(socket, 'listening');
  cleanups.push(() => socket.close());
  const until = (count: number): Promise<void> =>
    new Promise((resolve) => {
      const look = (): void => {
        if (received.length >= count) resolve();
      };
      waiting.add(look);
      look();
    });
  return { socket, received, until, port: socket.address().port };
}

describe.each(['native', 'portable'] as const)('the %s half', (half) => {
  test.each([
    ['127.0.0.1', 4],
    ['::1', 6],
  ] as const)(
    'receives and sends over %s: one datagram, and a run of equal ones with a shorter last',
    async (address, family) => {
      const egress = halves[half]();
      const other = await peer(address, family);
      let heard = (_from: string): void => {};
      const asked = new Promise<string>((resolve) => (heard = resolve));
      const socket = await egress.open(address, family, 0, (datagram, from, port) =>
        heard(`${Buffer.from(datagram).toString()} ${from} ${port}`),
      );
      cleanups.push(() => egress.closeSocket(socket));
      other.socket.send('hello', socket.port, address);
      expect(await asked).toBe(`hello ${address} ${other.port}`);

      const destination = egress.destination(socket, address, other.port);
      collectGarbage();
      egress.sendDatagram(destination, Buffer.from('welcome'));
      egress.buffer.bytes.fill(1, 0, 1000).fill(2, 1000, 2000).fill(3, 2000, 2300);
      collectGarbage();
      egress.send(destination, 2300, 1000);
      egress.buffer.bytes.fill(9); // the next run
      egress.send(destination, 500, 1000);
      await other.until(5);
      expect(other.received[0]?.toString()).toBe('welcome');
      expect(
        other.received.slice(1).map((datagram) => [datagram.length, datagram[0], datagram.at(-1)]),
      ).toEqual([
        [1000, 1, 1],
        [1000, 2, 2],
        [300, 3, 3],
        [500, 9, 9],
      ]);
      expect(socket.writable).toBe(true);
      expect(egress.statistics).toMatchObject({ errors: 0, congested: 0 });
      expect(egress.statistics.calls).toBeGreaterThanOrEqual(3);
      egress.release(destination);
    },
  );

  test('names address and port of what cannot be bound', async () => {
    const egress = halves[half]();
    const other = await peer('127.0.0.1', 4);
    await expect(egress.open('127.0.0.1', 4, other.port, () => {})).rejects.toThrow(
      new RegExp(`bind 127.0.0.1 port ${other.port}: .*address in use`),
    );
  });

  test('a datagram that cannot be sent is counted, and the next one is sent', async () => {
    const egress = halves[half]();
    const other = await peer('127.0.0.1', 4);
    const socket = await egress.open('127.0.0.1', 4, 0, () => {});
    cleanups.push(() => egress.closeSocket(socket));
    const nowhere = egress.destination(socket, '255.255.255.255', 9); // EACCES without SO_BROADCAST
    egress.sendDatagram(nowhere, Buffer.of(1));
    const destination = egress.destination(socket, '127.0.0.1', other.port);
    egress.sendDatagram(destination, Buffer.of(2));
    await other.until(1);
    expect(other.received).toEqual([Buffer.of(2)]);
    expect(egress.statistics.errors).toBe(1);
    expect(socket.writable).toBe(true);
  });

  test('after its socket was closed, nothing leaves and nothing throws', async () => {
    const egress = halves[half]();
    const socket = await egress.open('127.0.0.1', 4, 0, () => {});
    const destination = egress.destination(socket, '127.0.0.1', 9);
    egress.closeSocket(socket);
    egress.closeSocket(socket);
    egress.sendDatagram(destination, Buffer.of(1));
    egress.send(destination, 2000, 1000);
    expect(socket.writable).toBe(false);
    expect(egress.statistics.calls).toBe(0);
    egress.release(destination);
  });
});

// Loopback never says so: the receiver's buffer counts there, not the sender's.
test('what a full kernel does not take leaves in order once it does, and video is held back until then', async () => {
  const arena = new Arena();
  const libc = loadLibc(arena);
  let isFull = true;
  const egress = nativeEgress(arena, {
    ...libc,
    send: (...args) => (isFull ? -errnoOf.EAGAIN : libc.send(...args)),
  });
  const other = await peer('127.0.0.1', 4);
  const socket = await egress.open('127.0.0.1', 4, 0, () => undefined);
  cleanups.push(() => egress.closeSocket(socket));
  const destination = egress.destination(socket, '127.0.0.1', other.port);

  egress.buffer.bytes.fill(1, 0, 1000).fill(2, 1000, 1400);
  egress.send(destination, 1400, 1000);
  egress.buffer.bytes.fill(9); // the next run
  egress.sendDatagram(destination, Buffer.from('report'));
  expect(socket.writable).toBe(false);
  expect(egress.statistics).toMatchObject({ errors: 0, congested: 2 });

  await expect.poll(() => socket.writable, { interval: 5 }).toBe(true);
  isFull = false;
  egress.send(destination, 500, 1000);
  await other.until(4);
  expect(other.received.map((datagram) => [datagram.length, datagram[0]])).toEqual([
    [1000, 1],
    [400, 2],
    [6, 'r'.charCodeAt(0)],
    [500, 9],
  ]);
  expect(egress.statistics).toMatchObject({ errors: 0, congested: 2 });
});

test.each(['EMSGSIZE', 'EIO', 'EINVAL'] as const)(
  'a path that refuses segmentation with %s gets single datagrams from then on, and no other path does',
  async (code) => {
    const arena = new Arena();
    const libc = loadLibc(arena);
    let refused = 0;
    const egress = nativeEgress(arena, {
      ...libc,
      send: (...args) => {
        const [, , , , segmentBytes] = args;
        if (segmentBytes === 0) return libc.send(...args);
        refused++;
        return -errnoOf[code];
      },
    });
    const other = await peer('127.0.0.1', 4);
    const socket = await egress.open('127.0.0.1', 4, 0, () => undefined);
    cleanups.push(() => egress.closeSocket(socket));
    const destination = egress.destination(socket, '127.0.0.1', other.port);
    egress.buffer.bytes.fill(1, 0, 1000).fill(2, 1000, 1400);
    for (let run = 0; run < 2; run++) egress.send(destination, 1400, 1000);
    await other.until(4);
    expect(other.received.map((datagram) => [datagram.length, datagram[0]])).toEqual([
      [1000, 1],
      [400, 2],
      [1000, 1],
      [400, 2],
    ]);
    expect(refused).toBe(1);
    egress.send(egress.destination(socket, '127.0.0.1', other.port), 1400, 1000);
    expect(refused).toBe(2);
    expect(egress.statistics).toMatchObject({ errors: 0, congested: 0 });
    expect(socket.writable).toBe(true);
  },
);

/** As if the kernel had been full since the first datagram. */
const fullNative = (): UdpEgress => {
  const arena = new Arena();
  return nativeEgress(arena, { ...loadLibc(arena), send: () => -errnoOf.EAGAIN });
};

test.each([
  ['native', fullNative],
  ['portable', halves.portable],
])('the %s half lets no more wait for a full kernel than it may', async (_half, open) => {
  const egress = open();
  const other = await peer('127.0.0.1', 4);
  const socket = await egress.open('127.0.0.1', 4, 0, () => undefined);
  const queued = vi.spyOn(dgram.Socket.prototype, 'getSendQueueSize');
  cleanups.push(() => {
    queued.mockRestore();
    egress.closeSocket(socket);
  });
  const destination = egress.destination(socket, '127.0.0.1', other.port);
  queued.mockReturnValue(MAX_QUEUED_BYTES + 1);
  egress.sendDatagram(destination, Buffer.from('too much'));
  expect(egress.statistics.errors).toBe(1);
  queued.mockReturnValue(MAX_QUEUED_BYTES);
  egress.sendDatagram(destination, Buffer.from('waits'));
  expect(socket.writable).toBe(false);
  queued.mockRestore();
  await other.until(1);
  await expect.poll(() => socket.writable, { interval: 5 }).toBe(true);
  expect(other.received.map(String)).toEqual(['waits']);
  expect(egress.statistics.errors).toBe(1);
});
