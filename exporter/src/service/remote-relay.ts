import { streamStates } from '../known-labels.ts';
import { readBounded } from '../read-bounded.ts';
import type { Samples } from '../samples.ts';
import type { Collector } from '../source.ts';

export interface RemoteRelay {
  /** Ends in a slash. */
  readonly url: URL;
  /** A view token of that relay; goes to this address and nowhere else. */
  readonly token: string | undefined;
}

const withinMs = 1_500;
const maxBodyBytes = 8 * 1024 * 1024;
const tooLarge = 'the answer of the relay is larger than 8 MB';

/** A relay seen from outside: does it answer, does it take viewers, how are its streams? */
export function remoteRelayCollector({ url, token }: RemoteRelay): Collector {
  const relay = url.host;

  async function ask(path: string): Promise<Response> {
    return fetch(new URL(path, url), {
      headers: token === undefined ? {} : { 'X-Sightline-Token': token },
      // A redirect would take the token elsewhere.
      redirect: 'error',
      signal: AbortSignal.timeout(withinMs),
    });
  }

  async function countStates(out: Samples): Promise<void> {
    const response = await ask('api/v1/streams');
    if (!response.ok)
      throw new Error(`the relay answered ${response.status} to api/v1/streams; check --token-file`);
    const states = statesIn(await readBounded(response, maxBodyBytes, tooLarge));
    for (const state of streamStates)
      out.set('sightline_remote_relay_streams', states.filter((other) => other === state).length, {
        relay,
        state,
      });
  }

  return {
    name: 'remote-relay',
    async collect(out) {
      const startedMs = performance.now();
      const ready = await ask('ready').catch(() => undefined);
      const seconds = (performance.now() - startedMs) / 1000;
      const isReady = ready?.ok === true;
      await ready?.body?.cancel();
      // 503 is an answer, too: it is up, and takes no viewers.
      const isUp = isReady || ready?.status === 503;
      out.set('sightline_remote_relay_up', isUp ? 1 : 0, { relay });
      out.set('sightline_remote_relay_ready', isReady ? 1 : 0, { relay });
      if (!isUp) return;
      out.set('sightline_remote_relay_response_seconds', seconds, { relay });
      await countStates(out);
    },
  };
}

/** `{"streams":[{"state":"live"},...]}`; anything else is no relay's answer. Throws Error, without a word of the text. */
export function statesIn(text: string): string[] {
  const body = parsed(text);
  const streams: unknown =
    typeof body === 'object' && body !== null && 'streams' in body ? body.streams : undefined;
  if (!Array.isArray(streams)) throw new Error(noRelay);
  return streams.map((stream: unknown) =>
    typeof stream === 'object' && stream !== null && 'state' in stream && typeof stream.state === 'string'
      ? stream.state
      : '',
  );
}

const noRelay = 'what answers there is no relay';

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Without the cause: its message quotes the text, and that may say anything.
    throw new Error(noRelay);
  }
}
