/** A wall display: nobody has logged in, and the menus are hidden. */
import { expect, test } from '@playwright/test';
import { WallPage } from './wall-page.ts';

test('a kiosk plays the cameras without a login', async ({ page }) => {
  const wall = new WallPage(page, 'sightline-e2e-wall');
  await page.goto(`/d/${wall.uid}/wall?kiosk`);
  await wall.plays();
  expect(wall.violations).toEqual([]);
});

for (const [method, path] of [
  ['POST', '/api/v1/config/reload'],
  ['DELETE', '/api/v1/streams/gate'],
  ['POST', '/api/v1/streams/gate/restart'],
] as const) {
  test(`nobody reaches ${method} ${path} through the proxy`, async ({ request }) => {
    const answer = await request.fetch(`/api/datasources/proxy/uid/sightline-relay${path}`, { method });
    expect(answer.status()).toBe(403);
  });
}
