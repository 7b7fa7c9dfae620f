import { testIds } from '../src/panel/test-ids.ts';
import { expect, test } from './wall-test.ts';

test('plays the cameras of its query through the proxy, under the strict policy', async ({
  wall,
  gotoDashboardPage,
}) => {
  await gotoDashboardPage({ uid: wall.uid });
  await wall.plays();
  expect(wall.violations).toEqual([]);
});

test('keeps its sessions through a refresh of the dashboard', async ({ wall, gotoDashboardPage }) => {
  const dashboard = await gotoDashboardPage({ uid: wall.uid });
  await wall.plays();
  const before = wall.offers;
  await dashboard.refreshDashboard();
  await wall.plays();
  expect(wall.offers).toBe(before);
});

test('is edited with options of its own', async ({ wall, gotoPanelEditPage }) => {
  const editor = await gotoPanelEditPage({ dashboard: { uid: wall.uid }, id: '1' });
  await expect(editor.panel.locator.getByTestId(testIds.wall)).toBeVisible();
  await wall.plays();
  const options = editor.getCustomOptions('Wall');
  await options.expand();
  await options.getRadioGroup('Layout').check('One large');
  await expect.poll(() => wall.timesLarger('gate', 'hall')).toBeGreaterThan(1.5);
});

test('shows a still picture, or video where there is none, to the image renderer', async ({ wall, page }) => {
  await page.goto(`/d-solo/${wall.uid}/wall?panelId=1&render=1`);
  await expect(wall.tile('gate').locator('[data-shows="stills"], [data-shows="video"]')).toBeVisible();
});

test('has no accessibility violation', async ({ wall, gotoDashboardPage, scanForA11yViolations }) => {
  await gotoDashboardPage({ uid: wall.uid });
  await wall.plays();
  const report = await scanForA11yViolations({ include: `[data-testid="${testIds.wall}"]` });
  expect(report).toHaveNoA11yViolations();
});
