import { expect, test } from '@grafana/plugin-e2e';

test('says that the relay answers, and what it has', async ({ gotoDataSourceConfigPage, page }) => {
  await gotoDataSourceConfigPage('sightline-relay');
  // Provisioned: there is nothing to save.
  await page.getByRole('button', { name: /^(Save & test|Test)$/ }).click();
  await expect(page.getByText(/The relay answers\. It has 3 cameras/)).toBeVisible();
});

test('its query gives a row per camera', async ({ gotoPanelEditPage, readProvisionedDashboard, page }) => {
  const { uid } = await readProvisionedDashboard({ fileName: 'wall.json' });
  const editor = await gotoPanelEditPage({ dashboard: { uid }, id: '1' });
  await editor.toggleTableView();
  for (const title of ['Front gate', 'Hall', 'Dock'])
    await expect(page.getByText(title, { exact: true }).first()).toBeVisible();
});
