import { isAllowed } from '../../auth/permissions.ts';
import type { Principal } from '../../auth/permissions.ts';
import type { RelayEvent } from '../../telemetry/events.ts';
import type { HttpDeps } from '../deps.ts';
import { readQuery } from '../input.ts';
import type { Route } from '../route.ts';
import { eventListSchema, eventQuerySchema } from '../schemas.ts';
import { sendJson } from '../send-json.ts';

export function eventRoutes({ events }: HttpDeps): Route[] {
  return [
    {
      id: 'listEvents',
      method: 'GET',
      path: '/api/v1/events',
      needs: { permission: 'view', scope: 'any' },
      summary: 'What happened to the streams that the caller may watch, and to the relay',
      query: eventQuerySchema,
      answers: { 200: { description: 'The newest that fit, oldest first', schema: eventListSchema } },
      problems: ['bad-request'],
      handle({ query, principal, response }) {
        const { from, to, stream, type, limit } = readQuery(eventQuerySchema, query);
        const found = events.query({
          fromMs: from,
          toMs: to,
          stream,
          type,
          limit,
          maySee: (name) => isAllowed(principal, 'view', { stream: name }),
        });
        sendJson(response, { events: found.map((event) => asSeenBy(principal, event)) });
      },
    },
  ];
}

/** A change of the configuration names streams, a mistake in it may: only those who see all of them read on. */
function asSeenBy(principal: Principal, event: RelayEvent): RelayEvent {
  if (isAllowed(principal, 'view', 'all')) return event;
  if (event.kind === 'config-error') return { ...event, message: 'The configuration has a mistake.' };
  if (event.kind === 'engine-restart') return { ...event, reason: 'The log of the relay says more.' };
  if (event.kind !== 'config-change') return event;
  const visible = (names: readonly string[]): string[] =>
    names.filter((name) => isAllowed(principal, 'view', { stream: name }));
  return {
    ...event,
    added: visible(event.added),
    removed: visible(event.removed),
    changed: visible(event.changed),
  };
}
