import { isAllowed } from '../../auth/permissions.ts';
import type { HttpDeps } from '../deps.ts';
import { HttpProblem } from '../errors.ts';
import { readBody } from '../input.ts';
import type { Route } from '../route.ts';
import { doneSchema, qualityBeaconSchema } from '../schemas.ts';
import { sendJson } from '../send-json.ts';
import type { KnownSession, SessionRegistry } from '../session-registry.ts';

/** Clients report every 10 s, and once soon after the first picture. */
const leastBetweenMs = 1_500;
/** Clocks of pages that were throttled catch up. */
const graceSeconds = 15;

/** A viewer tells what it sees: whoever knows the session's id and may view the stream. */
export function qualityRoutes({ metrics, clock }: HttpDeps, sessions: SessionRegistry): Route[] {
  /** When each session last reported. A session that is forgotten is forgotten here. */
  const reported = new WeakMap<KnownSession, number>();
  return [
    {
      id: 'reportQuality',
      method: 'POST',
      path: '/api/v1/sessions/{session}/quality',
      needs: { permission: 'view', scope: 'any' },
      summary: 'What the viewer saw since its last report; added up per stream, never kept by viewer',
      body: { kind: 'json', schema: qualityBeaconSchema },
      answers: { 200: { description: 'Taken in', schema: doneSchema } },
      problems: ['bad-request', 'session-not-found', 'rate-limited'],
      limitsItself: true,
      isRoutine: true,
      handle(exchange) {
        const { quality } = metrics;
        const session = sessions.get(exchange.param('session'));
        if (session === undefined || !isAllowed(exchange.principal, 'view', { stream: session.stream })) {
          quality.refuse('unknown-session');
          throw new HttpProblem('session-not-found', 'It may have ended.');
        }
        const nowMs = clock();
        const lastMs = reported.get(session);
        if (lastMs !== undefined && nowMs - lastMs < leastBetweenMs) {
          quality.refuse('rate-limited');
          throw new HttpProblem('rate-limited', 'Report every 10 seconds.', { retryAfterSeconds: 10 });
        }
        reported.set(session, nowMs);
        const beacon = readBeacon(exchange.json());
        // Nobody can have watched for longer than time has passed.
        if (lastMs !== undefined && beacon.seconds > (nowMs - lastMs) / 1000 + graceSeconds) {
          quality.refuse('invalid');
          throw new HttpProblem(
            'bad-request',
            'The field "seconds" is longer than the time since the last report.',
          );
        }
        quality.record(session.stream, beacon);
        sendJson(exchange.response, { ok: true });
      },
    },
  ];

  function readBeacon(body: unknown) {
    try {
      return readBody(qualityBeaconSchema, body);
    } catch (error) {
      metrics.quality.refuse('invalid');
      throw error;
    }
  }
}
