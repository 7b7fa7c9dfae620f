import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, expect, test } from 'vitest';
import { startLossyPath } from './lossy.ts';

const open: { close(): unknown }[] = [];
afterEach(() => {
  for (const each of open.splice(0)) each.close();
});

async function socket(): Promise<Socket> {
  const made = createSocket('udp4').bind(0, '127.0.0.1');
  open.push(made);
  await once(made, 'listening');
  return made;
}

test('both ways through the path take a whole round trip, and clients keep apart', async () => {
  const server = await socket();
  server.on('message', (datagram, from) => server.send(`${datagram.toString()}!`, from.port, from.address));
  const path = await startLossyPath({
    toPort: server.address().port,
    up: { delayMs: 15 },
    down: { delayMs: 15 },
  });
  open.push(path);
  const clients = [await socket(), await socket()];
  const startedMs = performance.now();
  const answers = clients.map(async (client, index) => {
    client.send(`client ${index}`, path.port, '127.0.0.1');
    const [answer] = (await once(client, 'message')) as [Buffer];
    return answer.toString();
  });
  expect(await Promise.all(answers)).toEqual(['client 0!', 'client 1!']);
  expect(performance.now() - startedMs).toBeGreaterThanOrEqual(29);
});
