/** Where the panel cannot work: what it goes by is Grafana's own, so only a Grafana can show that it is read well. */
import { expect, test } from '@grafana/plugin-e2e';
import { testIds } from '../src/panel/test-ids.ts';

test('a query whose data source is gone says so, and the next step', async ({
  gotoDashboardPage,
  readProvisionedDashboard,
  page,
}) => {
  const { uid } = await readProvisionedDashboard({ fileName: 'missing.json' });
  await gotoDashboardPage({ uid });
  const message = page.getByTestId(testIds.message);
  await expect(message).toContainText('The data source is gone');
  await expect(message).toContainText('“sightline-removed” does not exist any more');
});
