/** Answers of a relay in trouble, for pictures of states that one machine cannot be in all at once. The tests have the real ones. */
import type { Page, Route } from 'playwright-core';

const problem = (status: number, code: string, detail: string) => ({
  status,
  contentType: 'application/problem+json',
  body: JSON.stringify({ status, code, detail }),
});

const refusals: Readonly<Record<string, ReturnType<typeof problem>>> = {
  denied: problem(403, 'forbidden', 'The token may not view this stream.'),
  full: problem(503, 'over-capacity', 'This stream has as many viewers as it may have.'),
  refused: problem(
    409,
    'stream-refused',
    'The camera sends B-frames, which browsers cannot show over WebRTC. Set its profile to Baseline, or its B-frames to 0.',
  ),
};

/** What may become of a stream, and the state that its tile then is in. */
const acts = {
  denied: 'denied',
  full: 'over-capacity',
  refused: 'offline',
  joining: 'connecting',
  blocked: 'blocked',
  stills: 'blocked',
  frozen: 'live',
  warned: 'live',
} as const;

export type Act = keyof typeof acts;
/** By stream. */
export type Stage = Readonly<Record<string, Act>>;

export function stateOf(act: Act | undefined): string {
  return act === undefined ? 'live' : acts[act];
}

/** Streams that `stage` does not name stay as they are. */
export async function stageStates(page: Page, stage: Stage): Promise<void> {
  await page.route('**/api/v1/whep/*', async (route) => {
    const act = stage[streamOf(route)];
    if (route.request().method() !== 'POST' || act === undefined) return route.continue();
    const refusal = refusals[act];
    if (refusal !== undefined) return route.fulfill(refusal);
    if (act === 'joining') return undefined;
    if (act !== 'blocked' && act !== 'stills') return route.continue();
    const response = await route.fetch();
    const sdp = (await response.text()).replaceAll(/a=candidate:.*\r\n/g, '');
    return route.fulfill({ response, body: sdp });
  });
  await page.route('**/api/v1/streams/*/snapshot.jpg*', (route) =>
    stage[streamOf(route)] === 'blocked'
      ? route.fulfill(problem(501, 'no-decoder', 'This host has no ffmpeg.'))
      : route.continue(),
  );
  await page.route('**/api/v1/streams', async (route) => {
    const response = await route.fetch();
    if (response.status() !== 200) return route.fulfill({ response });
    const list = (await response.json()) as { streams: { name: string }[] };
    const streams = list.streams.map((stream) => ({ ...stream, ...facts(stage[stream.name]) }));
    return route.fulfill({ response, json: { ...list, streams } });
  });
}

function facts(act: Act | undefined): object {
  if (act === 'frozen') return { picture: { frozen: true } };
  if (act === 'warned') return { warnings: [{ code: 'no-clock', message: 'No clock.' }] };
  return {};
}

function streamOf(route: Route): string {
  return /\/(?:whep|streams)\/([^/?]+)/.exec(route.request().url())?.[1] ?? '';
}
