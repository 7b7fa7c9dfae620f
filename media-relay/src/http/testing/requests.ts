/** What tests send to a test relay, and how they read its refusals. */
import { expect } from 'vitest';

import { problemSchema } from '../schemas.ts';
import { as, type TestRelay } from './test-relay.ts';

export const sdp = { 'content-type': 'application/sdp' };
export const ufrag = 'abcd';
export const offer = `v=0\r\na=ice-ufrag:${ufrag}\r\n`;

export function join(
  relay: TestRelay,
  headers: Record<string, string> = as.grafana,
  stream = 'lobby-1',
): Promise<Response> {
  return relay.fetch(`/api/v1/whep/${stream}`, {
    method: 'POST',
    headers: { ...sdp, ...headers },
    body: offer,
  });
}

/** Of a refusal, which must be a problem as the API describes it. */
export async function codeOf(response: Response): Promise<string> {
  expect(response.headers.get('content-type')).toBe('application/problem+json');
  const problem = problemSchema.parse(await response.json());
  expect(problem.status).toBe(response.status);
  return problem.code;
}
