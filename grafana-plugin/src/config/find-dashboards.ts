import { getBackendSrv } from '@grafana/runtime';
import { lastValueFrom } from 'rxjs';
import { dashboardsFrom, dashboardUids } from './dashboards.ts';
import type { DashboardFound } from './dashboards.ts';

/** Asks Grafana which of the app's dashboards are here. Never rejects. */
export async function findDashboards(signal: AbortSignal): Promise<readonly DashboardFound[]> {
  const query = dashboardUids.map((uid) => `dashboardUIDs=${uid}`).join('&');
  try {
    const { data } = await lastValueFrom(
      getBackendSrv().fetch<unknown>({
        url: `/api/search?type=dash-db&${query}`,
        showErrorAlert: false,
        abortSignal: signal,
      }),
    );
    return dashboardsFrom(data);
  } catch {
    return [];
  }
}
