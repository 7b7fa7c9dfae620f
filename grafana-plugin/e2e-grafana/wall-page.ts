/** The panel of provisioning/dashboards/wall.json, as it stands on a page of Grafana. */
import { expect } from '@playwright/test';
import type { Locator, Page } from '@playwright/test';
import { testIds } from '../src/panel/test-ids.ts';

/** As relay.yaml has them. */
export const streams = ['gate', 'hall', 'dock'] as const;

export class WallPage {
  readonly page: Page;
  /** Of its dashboard. */
  readonly uid: string;
  /** Offers that the page has made. */
  offers = 0;
  /** What Grafana's policy kept from being done. */
  readonly violations: string[] = [];

  constructor(page: Page, uid: string) {
    this.page = page;
    this.uid = uid;
    page.on('request', (request) => {
      if (request.method() === 'POST' && request.url().includes('/api/v1/whep/')) this.offers++;
    });
    page.on('console', (message) => {
      if (/content security policy/i.test(message.text())) this.violations.push(message.text());
    });
  }

  tile(stream: string): Locator {
    return this.page.locator(`[data-testid="${testIds.tile}"][data-stream="${stream}"]`);
  }

  /** By their areas. */
  async timesLarger(stream: string, other: string): Promise<number> {
    const [one, two] = await Promise.all([stream, other].map((name) => this.tile(name).boundingBox()));
    return one && two ? (one.width * one.height) / (two.width * two.height) : 0;
  }

  /** Each camera is live, and its video goes on. */
  async plays(): Promise<void> {
    for (const stream of streams) {
      const tile = this.tile(stream);
      await expect(tile).toHaveAttribute('data-state', 'live');
      const video = tile.locator('video');
      const before = await playedSeconds(video);
      await expect.poll(() => playedSeconds(video)).toBeGreaterThan(before);
    }
  }
}

function playedSeconds(video: Locator): Promise<number> {
  return video.evaluate((element) => Number(Reflect.get(element, 'currentTime')));
}
