// bench: history of an hour at one a second, asked by 20 clients at once
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { Worker } from 'node:worker_threads';
import { as } from '../media-relay/src/http/testing/test-relay.ts';
import { atMost } from './support/musts.ts';
import { runBench } from './support/run-bench.ts';
import { percentile, round } from './support/stats.ts';

const clients = 20;
const seconds = 20;

await runBench(90, { p95Ms: atMost(20) }, async () => {
  const worker = new Worker(new URL('./support/history-server.ts', import.meta.url));
  const [port] = (await once(worker, 'message')) as [number];
  const agent = new Agent({ keepAlive: true, maxSockets: clients });
  const first = await ask(agent, port, pathFor(0, 0));

  // Each asks for another stream, and none for what was asked before: nothing can be remembered.
  const tookMs: number[] = [];
  const untilMs = performance.now() + seconds * 1000;
  await Promise.all(
    Array.from({ length: clients }, async (_, client) => {
      for (let turn = 1; performance.now() < untilMs; turn++) {
        const { ms } = await ask(agent, port, pathFor(client, turn));
        tookMs.push(ms);
      }
    }),
  );
  // And all for the same, as the panels of one wall do.
  const sameMs: number[] = [];
  const sameUntilMs = performance.now() + 5_000;
  await Promise.all(
    Array.from({ length: clients }, async () => {
      while (performance.now() < sameUntilMs) sameMs.push((await ask(agent, port, pathFor(0, 0))).ms);
    }),
  );
  agent.destroy();
  await worker.terminate();
  return {
    clients,
    valuesPerAnswer: first.text().split(',').length,
    answersPerSecond: Math.round(tookMs.length / seconds),
    p50Ms: round(percentile(tookMs, 0.5)),
    p95Ms: round(percentile(tookMs, 0.95)),
    p95MsSameQuestion: round(percentile(sameMs, 0.95)),
  };
});

function pathFor(client: number, turn: number): string {
  const endMs = Date.now() - turn;
  const metric = 'sightline_stream_video_bytes_per_second';
  return `/api/v1/metrics/history?metric=${metric}&stream=lobby-${client}&start_time=${endMs - 3_600_000}&end_time=${endMs}&step=1`;
}

function ask(agent: Agent, port: number, path: string): Promise<{ ms: number; text: () => string }> {
  const startedMs = performance.now();
  return new Promise((resolve, reject) => {
    const sent = request({ agent, port, host: '127.0.0.1', path, headers: as.grafana }, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('end', () => {
        const ms = performance.now() - startedMs;
        const text = (): string => Buffer.concat(parts).toString();
        if (response.statusCode !== 200) return reject(new Error(text()));
        resolve({ ms, text });
      });
    });
    sent.on('error', reject);
    sent.end();
  });
}
