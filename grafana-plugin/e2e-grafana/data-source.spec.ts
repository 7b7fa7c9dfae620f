import { expect, test } from './wall-test.ts';

test('says that the relay answers, and what it has', async ({ gotoDataSourceConfigPage, page }) => {
  await gotoDataSourceConfigPage('sightline-relay');
  // Provisioned: there is nothing to save.
  await page.getByRole('button', { name: /^(Save & test|Test)$/ }).click();
  await expect(page.getByText(/The relay answers\. It has 3 cameras/)).toBeVisible();
});

test('its query gives a row per camera', async ({ wall, gotoPanelEditPage }) => {
  const editor = await gotoPanelEditPage({ dashboard: { uid: wall.uid }, id: '1' });
  await editor.toggleTableView();
  await expect(editor.panel.data).toContainText(['Front gate', 'Hall', 'Dock']);
});
