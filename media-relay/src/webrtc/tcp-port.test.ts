import { createSecretKey } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Arena, countedAddresses } from '../native/arena.ts';
import { nativeEgress } from './egress-native.ts';
import { portableEgress } from './egress-portable.ts';
import { FrameReader, writeFrames } from './framing.ts';
import { MAX_PATHS, type PortClient } from './port-client.ts';
import { writeBindingRequest, writeBindingSuccess } from './stun-writer.ts';
import { LINGER_MS, QUEUE_BUDGET_BYTES, TcpConnection } from './tcp-connection.ts';
import { MAX_UNPROVEN, MAX_UNPROVEN_PER_ADDRESS, PROVE_WITHIN_MS, TcpPort } from './tcp-port.ts';
import type { Destination } from './egress.ts';

const halves = {
  native: () => nativeEgress(new Arena()),
  portable: () => portableEgress(new Arena(countedAddresses())),
};

/** Believes every check that is called for it, unless told otherwise. */
class Client implements PortClient {
  readonly localUfrag = 'ours';
  believes = true;
  checks = 0;
  path: Destination | undefined;
  lost: Destination | undefined;
  readonly dtls: string[] = [];
  readonly rtcp: string[] = [];

  onStun(_datagram: Uint8Array, from: Destination): boolean {
    this.checks++;
    if (this.believes) this.path = from;
    return this.believes;
  }

  onDtls(datagram: Uint8Array): void {
    this.dtls.push(Buffer.from(datagram).toString('latin1'));
  }

  onRtcp(datagram: Uint8Array): void {
    this.rtcp.push(Buffer.from(datagram).toString('latin1'));
  }

  onPathDoubtful(): void {}
  onPathLost(path: Destination): void {
    this.lost = path;
  }
}

function check(ufrag = 'ours'): Uint8Array {
  const request = writeBindingRequest({
    transactionId: Buffer.alloc(12, 1),
    username: `${ufrag}:theirs`,
    key: createSecretKey('secret', 'utf8'),
    priority: 1,
    role: 'controlling',
    tieBreaker: 1n,
    useCandidate: true,
  });
  return writeFrames(request, request.length);
}

const frame = (text: string): Uint8Array => writeFrames(Buffer.from(text, 'latin1'), 65_535);

/** On a port that nobody has. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

describe.each(['native', 'portable'] as const)('listening by the %s half:', (half) => {
  let client: Client;
  let tcp: TcpPort;
  let port: number;
  let strangers = 0;
  const sockets: Socket[] = [];

  beforeEach(async () => {
    client = new Client();
    strangers = 0;
    tcp = new TcpPort({
      egress: halves[half](),
      clock: () => 0,
      clientOf: (ufrag) => (ufrag === client.localUfrag ? client : undefined),
      onStranger: () => void strangers++,
    });
    port = await freePort();
    expect(await tcp.setAddresses([{ address: '127.0.0.1', family: 4 }], port)).toEqual([]);
  });

  afterEach(() => {
    vi.useRealTimers();
    tcp.remove(client);
    tcp.close();
    for (const socket of sockets.splice(0)) socket.destroy();
  });

  async function open(): Promise<Socket> {
    const socket = connect(port, '127.0.0.1');
    sockets.push(socket);
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    return socket;
  }

  async function proven(): Promise<Socket> {
    const socket = await open();
    socket.write(check());
    await vi.waitFor(() => expect(client.path).toBeDefined());
    return socket;
  }

  test('a check proves a connection; then DTLS and RTCP reach the session, and its datagrams the viewer', async () => {
    const socket = await open();
    expect(tcp.unprovenConnections).toBe(1);
    // All in one segment, as a viewer that is quick would send it.
    socket.write(Buffer.concat([check(), frame('\x16dtls'), frame('\x80rtcp'), frame('\xffwhat')]));
    await vi.waitFor(() => expect(client.rtcp).toEqual(['\x80rtcp']));
    expect(client.dtls).toEqual(['\x16dtls']);
    expect(tcp.unprovenConnections).toBe(0);

    const received: string[] = [];
    const reader = new FrameReader();
    socket.on('data', (chunk) =>
      reader.push(chunk, (datagram) => received.push(Buffer.from(datagram).toString())),
    );
    expect(client.path?.socket.writable).toBe(true);
    client.path?.tcp?.send(Buffer.from('aaabbbc'), 3);
    client.path?.tcp?.send(Buffer.from('dd'), 2);
    await vi.waitFor(() => expect(received).toEqual(['aaa', 'bbb', 'c', 'dd']));
    expect(strangers).toBe(0);
  });

  test('a viewer that hangs up takes its path with it; a session that ends closes the connection', async () => {
    const first = await proven();
    first.destroy();
    await vi.waitFor(() => expect(client.lost).toBe(client.path));
    client.path = undefined;
    const second = await proven();
    const goodbye = once(second, 'data');
    const ended = once(second, 'end');
    (client.path as Destination | undefined)?.tcp?.send(Buffer.from('bye'), 3);
    tcp.remove(client);
    expect((await goodbye)[0]).toEqual(Buffer.from('\0\x03bye'));
    await ended;
  });

  test.each([
    ['DTLS before any check', frame('\x16hello')],
    ['a check for nobody', check('nobody')],
    ['HTTP', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
    ['a frame that is too long', Buffer.of(0xff, 0xff)],
    ['empty frames without end', Buffer.alloc(5000)],
  ])('%s ends the connection', async (_what, bytes) => {
    const socket = await open();
    const closed = once(socket, 'close');
    socket.resume().write(bytes);
    await closed;
    await vi.waitFor(() => expect(tcp.unprovenConnections).toBe(0));
    expect(client.path).toBeUndefined();
  });

  test('checks that prove nothing end it after 4 kB', async () => {
    client.believes = false;
    const socket = await open();
    const closed = once(socket, 'close');
    const request = check();
    for (let i = 0; i <= 4096 / request.length; i++) socket.resume().write(request);
    await closed;
  });

  test('a connection of one session is no way to another', async () => {
    const socket = await proven();
    const { path } = client;
    client.path = undefined;
    socket.write(Buffer.concat([check('nobody'), frame('\x80rtcp')]));
    await vi.waitFor(() => expect(client.rtcp).toHaveLength(1));
    expect(client.path).toBeUndefined();
    expect(strangers).toBe(1);
    expect(path?.socket.writable).toBe(true);
  });

  test('an answer to what the relay asked reaches the session whose connection it comes by', async () => {
    const socket = await proven();
    const key = createSecretKey('secret', 'utf8');
    const answer = writeBindingSuccess(Buffer.alloc(12, 2), { address: '127.0.0.1', port: 9 }, key);
    socket.write(Buffer.concat([writeFrames(answer, answer.length), frame('\x80rtcp')]));
    await vi.waitFor(() => expect(client.rtcp).toHaveLength(1));
    expect(client.checks).toBe(2);
    expect(strangers).toBe(0);
  });

  test('one address holds so many unproven connections, and a proven one is none of them', async () => {
    await proven();
    await Promise.all(Array.from({ length: MAX_UNPROVEN_PER_ADDRESS }, open));
    await vi.waitFor(() => expect(tcp.unprovenConnections).toBe(MAX_UNPROVEN_PER_ADDRESS));
    const refused = await open();
    await once(refused, 'close');
    expect(tcp.unprovenConnections).toBe(MAX_UNPROVEN_PER_ADDRESS);
    expect(MAX_UNPROVEN).toBeGreaterThan(MAX_UNPROVEN_PER_ADDRESS);
  });

  test('one session holds so many connections, and the next one may come when one is gone', async () => {
    const held = await Promise.all(Array.from({ length: MAX_PATHS }, open));
    for (const socket of held) socket.write(check());
    await vi.waitFor(() => expect(client.checks).toBe(MAX_PATHS));
    const refused = await open();
    const closed = once(refused, 'close');
    refused.resume().write(check());
    await closed;
    expect(client.checks).toBe(MAX_PATHS);
    expect(strangers).toBe(1);
    held[0]?.destroy();
    await vi.waitFor(() => expect(client.lost).toBeDefined());
    (await open()).write(check());
    await vi.waitFor(() => expect(client.checks).toBe(MAX_PATHS + 1));
  });

  test('names address and port that cannot be had', async () => {
    const other = new TcpPort({
      egress: halves[half](),
      clock: () => 0,
      clientOf: () => undefined,
      onStranger: () => undefined,
    });
    const [problem] = await other.setAddresses([{ address: '127.0.0.1', family: 4 }], port);
    expect(problem).toMatch(new RegExp(`127.0.0.1 port ${port}.*in use`));
    expect(other.addresses).toEqual([]);
    await tcp.setAddresses([], port);
    await vi.waitFor(async () =>
      expect(await other.setAddresses([{ address: '127.0.0.1', family: 4 }], port)).toEqual([]),
    );
    other.close();
  });

  test('a reader that stops: no new picture begins, the queue stays bounded, and all that was queued arrives', async () => {
    const socket = await proven();
    const { path } = client;
    if (path?.tcp === undefined) throw new Error('no path');
    let received = 0;
    let sent = 0;
    const run = new Uint8Array(12_000);
    // What the kernel takes, and then the budget.
    while (path.tcp.hasRoom) {
      path.tcp.send(run, 1200);
      sent += 12_000 + 20;
      await new Promise(setImmediate);
    }
    expect(path.socket.writable).toBe(false);
    const kept = sent;
    for (let i = 0; i < 100; i++) path.tcp.send(run, 1200);
    expect(sent).toBeGreaterThan(QUEUE_BUDGET_BYTES);
    const resumed = vi.waitFor(() => expect(path.socket.writable).toBe(true), { timeout: 10_000 });
    socket.on('data', (chunk) => (received += chunk.length));
    await resumed;
    await vi.waitFor(() => expect(received).toBeGreaterThanOrEqual(kept), { timeout: 10_000 });
    expect(received).toBeLessThan(kept + 100 * 12_020);
    expect(received % 12_020).toBe(0);
  });
});

test('whoever proves nothing in time is gone', async () => {
  const tcp = new TcpPort({
    egress: {
      listen: async (made, address, _family, port) => {
        made.listen(port, address);
        await once(made, 'listening');
      },
    },
    clock: () => 0,
    clientOf: () => undefined,
    onStranger: () => undefined,
  });
  const port = await freePort();
  await tcp.setAddresses([{ address: '127.0.0.1', family: 4 }], port);
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  try {
    const socket = connect(port, '127.0.0.1');
    const closed = once(socket, 'close');
    await once(socket, 'connect');
    while (tcp.unprovenConnections === 0) await new Promise(setImmediate);
    vi.advanceTimersByTime(PROVE_WITHIN_MS - 1);
    expect(tcp.unprovenConnections).toBe(1);
    vi.advanceTimersByTime(1);
    socket.resume();
    await closed;
    while (tcp.unprovenConnections > 0) await new Promise(setImmediate);
  } finally {
    vi.useRealTimers();
    tcp.close();
  }
});

test('a connection that was closed sends nothing and is not writable', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const peer = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [socket] = (await once(server, 'connection')) as [Socket];
  const connection = new TcpConnection(socket, { address: '127.0.0.1', family: 4, port: 1 });
  connection.destroy();
  connection.send(Buffer.of(1), 1);
  expect(connection.socket.writable).toBe(false);
  connection.close();
  peer.destroy();
  server.close();
});

test('a peer that never hangs up keeps a connection that was closed for a second', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const peer = connect({ port: (server.address() as AddressInfo).port, allowHalfOpen: true });
  const [socket] = (await once(server, 'connection')) as [Socket];
  const connection = new TcpConnection(socket, { address: '127.0.0.1', family: 4, port: 1 });
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  try {
    const ended = once(peer.resume(), 'end');
    connection.send(Buffer.from('bye'), 3);
    connection.close();
    await ended;
    expect(peer.bytesRead).toBe(5);
    vi.advanceTimersByTime(LINGER_MS - 1);
    expect(socket.destroyed).toBe(false);
    const closed = once(socket, 'close');
    vi.advanceTimersByTime(1);
    expect(socket.destroyed).toBe(true);
    await closed;
    expect(vi.getTimerCount()).toBe(0);
  } finally {
    vi.useRealTimers();
    peer.destroy();
    server.close();
  }
});
