import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { SourceError } from '../sources/source.ts';
import { sendUdp } from './fake-camera.ts';
import { describeSocketError, openConnection, openUdpPair, type RtspConnection } from './io.ts';
import { parseRtspUrl } from './url.ts';

const cleanUps: (() => unknown)[] = [];
afterEach(() => {
  for (const cleanUp of cleanUps.splice(0).reverse()) cleanUp();
});

async function udpServer(): Promise<{ socket: Socket; port: number; got: Buffer[] }> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const got: Buffer[] = [];
  socket.on('message', (packet) => got.push(packet));
  cleanUps.push(() => socket.close());
  return { socket, port: socket.address().port, got };
}

describe('openUdpPair', () => {
  it('takes an even port and the next, punches, reports, and hears only the camera', async () => {
    const [rtp, rtcp] = [await udpServer(), await udpServer()];
    const heard: string[] = [];
    const pair = await openUdpPair({
      localAddress: '127.0.0.1',
      remoteAddress: '127.0.0.1',
      onRtp: (packet) => heard.push(`rtp ${Buffer.from(packet).toString()}`),
      onRtcp: (packet) => heard.push(`rtcp ${Buffer.from(packet).toString()}`),
    });
    cleanUps.push(() => pair.close());
    expect(pair.ports[0] % 2).toBe(0);
    expect(pair.ports[1]).toBe(pair.ports[0] + 1);

    pair.punch([rtp.port, rtcp.port], 0x01020304);
    pair.sendRtcp(Buffer.from('report'), rtcp.port);
    pair.sendRtcp(Buffer.from('to nowhere'), 0);
    pair.punch([rtp.port, 0], 1);
    await expect.poll(() => rtcp.got.length).toBe(2);
    expect(rtp.got[0]?.toString('hex')).toBe('800000000000000001020304');
    expect(rtcp.got.map((packet) => packet.toString('latin1'))).toEqual([
      '\x80\xc9\x00\x01\x01\x02\x03\x04',
      'report',
    ]);

    await sendUdp([Buffer.from('stranger')], pair.ports[0], '127.0.0.2');
    rtp.socket.send('picture', pair.ports[0], '127.0.0.1');
    rtcp.socket.send('sender report', pair.ports[1], '127.0.0.1');
    await expect.poll(() => heard.toSorted()).toEqual(['rtcp sender report', 'rtp picture']);
    pair.close();
    pair.close();
    pair.punch([rtp.port, rtcp.port], 1);
  });
});

describe('openConnection', () => {
  async function listen(): Promise<{ server: Server; port: number }> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    cleanUps.push(() => server.close());
    return { server, port: (server.address() as AddressInfo).port };
  }

  function open(
    port: number,
    handlers: Partial<Parameters<typeof openConnection>[0]> = {},
  ): Promise<RtspConnection> {
    return openConnection({
      target: parseRtspUrl(`rtsp://127.0.0.1:${port}/`),
      tlsFingerprint: undefined,
      signal: new AbortController().signal,
      onData: () => undefined,
      onClose: () => undefined,
      ...handlers,
    });
  }

  it('reads into one buffer, over and over', async () => {
    const { server, port } = await listen();
    server.on('connection', (socket) =>
      socket.on('data', (data) => socket.write(data)).on('error', () => undefined),
    );
    const buffers = new Set<Uint8Array>();
    const received: string[] = [];
    const connection = await open(port, {
      onData(buffer, start, end) {
        buffers.add(buffer);
        received.push(Buffer.from(buffer.subarray(start, end)).toString());
      },
    });
    for (const word of ['one', 'two', 'three']) {
      const before = received.length;
      connection.send(word);
      await expect.poll(() => received.length).toBeGreaterThan(before);
    }
    expect(received).toEqual(['one', 'two', 'three']);
    expect(buffers.size).toBe(1);
    connection.close();
  });

  it('closes with what its reader threw', async () => {
    const { server, port } = await listen();
    server.on('connection', (socket) => void socket.on('error', () => undefined).write('x'));
    const closed = Promise.withResolvers<unknown>();
    await open(port, {
      onData() {
        throw new RangeError('reader');
      },
      onClose: closed.resolve,
    });
    expect(await closed.promise).toEqual(new RangeError('reader'));
  });

  it('gives up a camera that no longer reads', async () => {
    const { server, port } = await listen();
    server.on('connection', (socket) => {
      socket.pause().on('error', () => undefined);
      cleanUps.push(() => socket.destroy());
    });
    const closed = Promise.withResolvers<unknown>();
    const connection = await open(port, { onClose: closed.resolve });
    for (let i = 0; i < 200; i++) connection.send(new Uint8Array(256 * 1024));
    expect(await closed.promise).toMatchObject({
      code: 'ended',
      message: expect.stringContaining('no longer reads'),
    });
    connection.send('ignored');
    connection.close();
  });
});

describe('describeSocketError', () => {
  const target = { host: 'fe80::1', port: 554, tls: false };
  it.each([
    ['ECONNREFUSED', false, false, 'unreachable', '[fe80::1]:554 refused the connection'],
    ['ENOTFOUND', false, false, 'unreachable', 'has no address'],
    ['ETIMEDOUT', false, true, 'timeout', 'no longer answers'],
    ['ECONNRESET', false, true, 'ended', 'reset the connection'],
    ['ECONNRESET', false, false, 'unreachable', 'before it was set up'],
    ['ECONNRESET', true, false, 'tls', 'before it was set up'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', true, false, 'tls', 'pin its fingerprint'],
    ['ERR_SSL_WRONG_VERSION_NUMBER', true, false, 'tls', 'is this its RTSPS port?'],
    ['EWEIRD', false, false, 'unreachable', 'EWEIRD'],
    ['EWEIRD', true, true, 'ended', 'EWEIRD'],
  ])('%s (TLS %s, open %s) is %s', (code, tls, isOpen, kind, words) => {
    const error = describeSocketError(
      Object.assign(new Error('geheim'), { code }),
      { ...target, tls },
      isOpen,
    );
    expect(error).toBeInstanceOf(SourceError);
    expect(error).toMatchObject({ code: kind, message: expect.stringContaining(words) });
    expect(error.message).not.toContain('geheim');
  });
});
