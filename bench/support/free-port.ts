import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';

/** A TCP port on loopback that nobody has right now. */
export function freeTcpPort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}

/** An even UDP port on loopback that nobody has right now, and neither the next one (RTCP). */
export async function freeUdpPair(): Promise<number> {
  for (let attempt = 0; attempt < 50; attempt++) {
    const first = await tryUdp(0);
    if (first !== undefined && first % 2 === 0 && (await tryUdp(first + 1)) !== undefined) return first;
  }
  throw new Error('no free pair of UDP ports');
}

function tryUdp(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    socket.once('error', () => resolve(undefined));
    socket.bind(port, '127.0.0.1', () => {
      const bound = socket.address().port;
      socket.close(() => resolve(bound));
    });
  });
}
