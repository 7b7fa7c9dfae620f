import { expect, test } from '@grafana/plugin-e2e';

test('the app’s page tests the connection to each relay', async ({ gotoAppConfigPage, page }) => {
  // Without a page named, Grafana opens the app's own.
  await gotoAppConfigPage({ pluginId: 'sightline-app' });
  await page.getByRole('button', { name: 'Test', exact: true }).click();
  await expect(page.getByText(/The relay answers\. It has 3 cameras/)).toBeVisible();
});
