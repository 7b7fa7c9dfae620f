import { test as base } from '@grafana/plugin-e2e';
import { WallPage } from './wall-page.ts';

export { expect } from '@grafana/plugin-e2e';

/** `wall`: the panel of provisioning/dashboards/wall.json, watched from before its dashboard is opened. */
export const test = base.extend<{ readonly wall: WallPage }>({
  wall: async ({ page, readProvisionedDashboard }, use) => {
    const { uid } = await readProvisionedDashboard({ fileName: 'wall.json' });
    await use(new WallPage(page, uid));
  },
});
