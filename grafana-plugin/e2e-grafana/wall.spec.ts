import { expect, test } from '@grafana/plugin-e2e';
import { testIds } from '../src/panel/test-ids.ts';
import { WallPage } from './wall-page.ts';

test('plays the cameras of its query through the proxy, under the strict policy', async ({
  gotoDashboardPage,
  readProvisionedDashboard,
  page,
}) => {
  const wall = new WallPage(page);
  const { uid } = await readProvisionedDashboard({ fileName: 'wall.json' });
  await gotoDashboardPage({ uid });
  await wall.plays();
  expect(wall.violations).toEqual([]);
});

test('keeps its sessions through a refresh of the dashboard', async ({
  gotoDashboardPage,
  readProvisionedDashboard,
  page,
}) => {
  const wall = new WallPage(page);
  const { uid } = await readProvisionedDashboard({ fileName: 'wall.json' });
  const dashboard = await gotoDashboardPage({ uid });
  await wall.plays();
  const before = wall.offers;
  await dashboard.refreshDashboard();
  await wall.plays();
  expect(wall.offers).toBe(before);
});

test('is edited with options of its own', async ({ gotoPanelEditPage, readProvisionedDashboard, page }) => {
  const wall = new WallPage(page);
  const { uid } = await readProvisionedDashboard({ fileName: 'wall.json' });
  const editor = await gotoPanelEditPage({ dashboard: { uid }, id: '1' });
  await expect(editor.panel.locator.getByTestId(testIds.wall)).toBeVisible();
  await wall.plays();
  await expect(page.getByText('One large', { exact: true })).toBeVisible();
});

test('shows a still picture, or video where there is none, to the image renderer', async ({
  readProvisionedDashboard,
  page,
}) => {
  const wall = new WallPage(page);
  const { uid } = await readProvisionedDashboard({ fileName: 'wall.json' });
  await page.goto(`/d-solo/${uid ?? ''}/wall?panelId=1&render=1`);
  await expect(wall.tile('gate').locator('[data-shows="stills"], [data-shows="video"]')).toBeVisible();
});

test('has no accessibility violation', async ({
  gotoDashboardPage,
  readProvisionedDashboard,
  scanForA11yViolations,
  page,
}) => {
  const wall = new WallPage(page);
  const { uid } = await readProvisionedDashboard({ fileName: 'wall.json' });
  await gotoDashboardPage({ uid });
  await wall.plays();
  const report = await scanForA11yViolations({ include: [`[data-testid="${testIds.wall}"]`] });
  expect(report.violations).toEqual([]);
});
