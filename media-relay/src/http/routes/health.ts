import { isAllowed } from '../../auth/permissions.ts';
import type { Principal } from '../../auth/permissions.ts';
import type { HealthReport, HttpDeps } from '../deps.ts';
import type { Route } from '../route.ts';
import { healthSchema, liveSchema, readySchema } from '../schemas.ts';
import { sendJson } from '../send-json.ts';

export function healthRoutes({ health, version }: HttpDeps): Route[] {
  const routes: Route[] = [
    {
      id: 'health',
      method: 'GET',
      path: '/health',
      needs: 'open',
      summary: 'How the relay is and why; names of streams only for those who may view them',
      answers: {
        200: { description: 'ok or degraded', schema: healthSchema },
        503: { description: 'failing', schema: healthSchema },
      },
      problems: [],
      handle({ principal, response }) {
        const report = health();
        const body = {
          status: report.status,
          ready: report.ready,
          version,
          reasons: grouped(report, principal),
        };
        sendJson(response, body, report.status === 'failing' ? 503 : 200);
      },
    },
    {
      id: 'ready',
      method: 'GET',
      path: '/ready',
      needs: 'open',
      summary: 'Can new viewers be taken?',
      answers: {
        200: { description: 'Yes', schema: readySchema },
        503: { description: 'No', schema: readySchema },
      },
      problems: [],
      handle({ response }) {
        const { ready, reasons } = health();
        const why = reasons.filter(({ blocksViewers }) => blocksViewers === true);
        const shown = why.map(({ code, message }) => ({ code, message }));
        sendJson(response, { ready, reasons: shown }, ready ? 200 : 503);
      },
    },
    {
      id: 'live',
      method: 'GET',
      path: '/live',
      needs: 'open',
      summary: 'Does the process answer at all?',
      answers: { 200: { description: 'Yes', schema: liveSchema } },
      problems: [],
      handle: ({ response }) => sendJson(response, { status: 'ok' }),
    },
  ];
  const alias = (id: string, path: string, of: string): Route[] =>
    routes
      .filter((route) => route.id === of)
      .map((route) => ({ ...route, id, path, summary: `As ${route.path}` }));
  return [...routes, ...alias('readiness', '/readiness', 'ready'), ...alias('liveness', '/liveness', 'live')];
}

interface GroupedReason {
  readonly code: string;
  readonly message: string;
  readonly count: number;
  readonly streams?: readonly string[];
}

function grouped({ reasons }: HealthReport, principal: Principal): GroupedReason[] {
  const byCode = Map.groupBy(reasons, ({ code }) => code);
  return [...byCode].map(([code, same]) => {
    const streams = same
      .flatMap(({ stream }) => stream ?? [])
      .filter((stream) => isAllowed(principal, 'view', { stream }));
    const message = same[0]?.message ?? '';
    return { code, message, count: same.length, ...(streams.length > 0 ? { streams } : {}) };
  });
}
