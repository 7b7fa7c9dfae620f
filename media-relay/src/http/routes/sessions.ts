import { isAllowed } from '../../auth/permissions.ts';
import type { HttpDeps } from '../deps.ts';
import { HttpProblem } from '../errors.ts';
import { readQuery } from '../input.ts';
import type { Route } from '../route.ts';
import { clockQuerySchema, clockSchema } from '../schemas.ts';
import type { SessionRegistry } from '../session-registry.ts';
import { sendJson } from '../send-json.ts';

const defaultFrames = 60;

/** What a viewer asks about its own session: whoever knows the id and may view the stream. */
export function sessionRoutes({ engine }: HttpDeps, sessions: SessionRegistry): Route[] {
  return [
    {
      id: 'sessionClock',
      method: 'GET',
      path: '/api/v1/sessions/{session}/clock',
      needs: { permission: 'view', scope: 'any' },
      summary: 'RTP timestamps of the newest frames sent, with the moment each reached the relay',
      query: clockQuerySchema,
      answers: { 200: { description: 'The clock', schema: clockSchema } },
      problems: ['bad-request', 'session-not-found', 'stream-not-ready'],
      async handle(exchange) {
        const { frames = defaultFrames } = readQuery(clockQuerySchema, exchange.query);
        const session = sessions.get(exchange.param('session'));
        const isOwn =
          session !== undefined && isAllowed(exchange.principal, 'view', { stream: session.stream });
        const clock = isOwn ? await engine.sessionClock(session.id, frames) : undefined;
        if (clock !== undefined) return sendJson(exchange.response, clock);
        if (isOwn) throw sessions.withoutAnswer(session.id);
        throw new HttpProblem('session-not-found', 'It may have ended.');
      },
    },
  ];
}
