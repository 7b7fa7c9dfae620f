import type { SentPicture } from './pictures.ts';
import type { ConnectOptions, Sink } from './sink.ts';
import { offerSdp, parseRemote } from './sink-sdp.ts';

export interface Viewer {
  /** Of the sink. */
  readonly id: number;
  /** Of the relay: the last segment of the session's address. */
  readonly sessionId: string;
  /** From the offer to the end of the DTLS handshake. */
  readonly joinMs: number;
  /** DELETE at the relay, close_notify from the sink. */
  close(): Promise<void>;
}

export interface WhepViewer extends Viewer {
  /** close_notify from the sink, and nothing by HTTP. */
  sayGoodbye(): void;
  /** Gone without a word. */
  vanish(): void;
}

const retries = 3;

/** One more viewer of `stream` at the relay, over WHEP. */
export async function joinByWhep(
  sink: Sink,
  relayUrl: string,
  stream: string,
  options: ConnectOptions = {},
  /** Another port on loopback to reach the relay's by: a worse network. */
  detour: (mediaPort: number) => Promise<number> = (port) => Promise.resolve(port),
): Promise<WhepViewer> {
  const startedMs = performance.now();
  const offer = await sink.offer();
  const offered = offerSdp(offer, options.transportCc);
  const { location, sdp } = await post(`${relayUrl}/api/v1/whep/${stream}`, offered);
  const remote = parseRemote(sdp);
  await sink.connect(offer.id, { ...remote, port: await detour(remote.port) }, options);
  return {
    id: offer.id,
    sessionId: location.pathname.split('/').at(-1) ?? '',
    joinMs: performance.now() - startedMs,
    sayGoodbye: () => sink.close(offer.id),
    vanish: () => sink.vanish(offer.id),
    async close() {
      const response = await fetch(location, { method: 'DELETE' });
      await response.arrayBuffer();
      sink.close(offer.id);
      if (!response.ok) throw new Error(`DELETE ${location.pathname} -> ${response.status}`);
    },
  };
}

async function post(url: string, body: string): Promise<{ readonly location: URL; readonly sdp: string }> {
  for (let attempt = 0; ; attempt++) {
    const headers = { 'content-type': 'application/sdp' };
    const response = await fetch(url, { method: 'POST', headers, body });
    const text = await response.text();
    const location = response.headers.get('location');
    if (response.status === 201 && location !== null) return { location: new URL(location, url), sdp: text };
    const retryAfter = response.headers.get('retry-after');
    if (attempt >= retries || retryAfter === null)
      throw new Error(`POST ${url} -> ${response.status} ${text}`);
    await new Promise((resolve) => setTimeout(resolve, Math.min(Number(retryAfter), 5) * 1000));
  }
}

/**
 * `count` viewers, four at a time, each of the next camera, round and round; one in `verifyEvery` checks every packet
 * and picture.
 */
export async function joinMany(
  count: number,
  cameras: readonly SentPicture[],
  join: (index: number, options: ConnectOptions) => Promise<Viewer>,
  verifyEvery = 20,
): Promise<Viewer[]> {
  const viewers: Viewer[] = [];
  for (let first = 0; first < count; first += 4) {
    const batch = Array.from({ length: Math.min(4, count - first) }, (_, offset) => {
      const index = first + offset;
      const camera = cameras[index % cameras.length];
      return join(index, camera && index % verifyEvery === 0 ? { verify: camera } : {});
    });
    viewers.push(...(await Promise.all(batch)));
  }
  return viewers;
}
