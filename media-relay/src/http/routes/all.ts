import type { HttpDeps } from '../deps.ts';
import { describeApi } from '../openapi.ts';
import type { Route } from '../route.ts';
import { sendJson } from '../send-json.ts';
import type { SessionRegistry } from '../session-registry.ts';
import { eventRoutes } from './events.ts';
import { healthRoutes } from './health.ts';
import { metricsRoutes } from './metrics.ts';
import { pageRoutes } from './pages.ts';
import { pictureRoutes } from './pictures.ts';
import { qualityRoutes } from './quality.ts';
import { serviceDiscoveryRoutes } from './service-discovery.ts';
import { sessionRoutes } from './sessions.ts';
import { stillRoutes } from './stills.ts';
import { streamRoutes } from './streams.ts';
import { telemetryRoutes } from './telemetry.ts';
import { whepRoutes } from './whep.ts';

/** Every route there is. A new output adds its own here, and with that gets its permission check and its documentation. */
export function allRoutes(deps: HttpDeps, sessions: SessionRegistry): Route[] {
  const routes: Route[] = [
    ...whepRoutes(deps, sessions),
    ...sessionRoutes(deps, sessions),
    ...qualityRoutes(deps, sessions),
    ...streamRoutes(deps),
    ...pictureRoutes(deps),
    ...stillRoutes(deps),
    ...eventRoutes(deps),
    ...healthRoutes(deps),
    ...metricsRoutes(deps),
    ...telemetryRoutes(deps),
    ...serviceDiscoveryRoutes(deps),
    ...pageRoutes(deps),
    {
      id: 'openapi',
      method: 'GET',
      path: '/openapi.json',
      needs: 'open',
      summary: 'This description',
      answers: { 200: { description: 'OpenAPI 3.0', type: 'application/json' } },
      problems: [],
      handle: ({ response }) => sendJson(response, description()),
    },
  ];
  let described: Record<string, unknown> | undefined;
  const description = (): Record<string, unknown> => (described ??= describeApi(routes, deps.version));
  return routes;
}
