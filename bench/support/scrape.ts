import { request } from 'node:http';
import type { Agent } from 'node:http';

export interface Scrape {
  readonly ms: number;
  readonly bytes: number;
  readonly text: string;
}

/** One scrape as Prometheus makes it: until the last byte. */
export function scrape(url: string, token: string, agent?: Agent): Promise<Scrape> {
  const startedMs = performance.now();
  return new Promise((resolve, reject) => {
    const sent = request(
      `${url}/metrics`,
      { headers: { Authorization: `Bearer ${token}` }, ...(agent && { agent }) },
      (response) => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part));
        response.on('error', reject);
        response.on('end', () => {
          const ms = performance.now() - startedMs;
          const bytes = Buffer.concat(parts);
          const text = bytes.toString();
          if (response.statusCode === 200) resolve({ ms, bytes: bytes.length, text });
          else reject(new Error(`/metrics answered ${response.statusCode}: ${text.slice(0, 300)}`));
        });
      },
    );
    sent.on('error', reject);
    sent.end();
  });
}

export function countSeries(text: string): number {
  let series = 0;
  for (const line of text.split('\n')) if (line !== '' && !line.startsWith('#')) series++;
  return series;
}

/** The value of a series without labels. */
export function valueOf(text: string, name: string): number | undefined {
  const value = new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1];
  return value === undefined ? undefined : Number(value);
}
