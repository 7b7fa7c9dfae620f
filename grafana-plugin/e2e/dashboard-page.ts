/** The harness page, driven. */
import { readFileSync } from 'node:fs';
import { transformSync } from 'esbuild';
import type { Page } from 'playwright-core';
import type { TestBrowser } from '../../media-relay/e2e/support/browser.ts';

/** As harness/page/main.tsx has it; that file is for browsers only. */
export interface PanelSpec {
  readonly id: number;
  readonly title: string;
  readonly width: number;
  readonly height: number;
  readonly left?: number;
  readonly top?: number;
  readonly options?: Readonly<Record<string, unknown>>;
  readonly fieldConfig?: unknown;
  readonly queries?: readonly Readonly<Record<string, unknown>>[];
  readonly frames?: readonly unknown[];
  readonly withoutRelay?: boolean;
  readonly missingSource?: string;
}

export const streamsQuery = { refId: 'A', queryType: 'streams' };

const source = readFileSync(
  new URL('../../media-relay/src/sources/demo/time-code.ts', import.meta.url),
  'utf8',
);
const timeCode = transformSync(source, { loader: 'ts', format: 'iife', globalName: 'timeCode' }).code;

export interface OpenOptions {
  readonly width?: number;
  readonly height?: number;
  /** The page never learns where media could come from, as behind a firewall. */
  readonly blockMedia?: boolean;
}

const withoutCandidates = `{
  const { setRemoteDescription } = RTCPeerConnection.prototype;
  RTCPeerConnection.prototype.setRemoteDescription = function ({ type, sdp }) {
    return setRemoteDescription.call(this, { type, sdp: sdp.replaceAll(/a=candidate:.*\\r\\n/g, '') });
  };
}`;

export class DashboardPage implements AsyncDisposable {
  readonly page: Page;
  readonly errors: readonly string[];
  /** Requests that were answered with an error. */
  readonly refused: string[] = [];

  static async open(
    browser: TestBrowser,
    url: string,
    { width = 1280, height = 720, blockMedia = false }: OpenOptions = {},
  ): Promise<DashboardPage> {
    const { page, errors } = await browser.page({ width, height });
    const dashboard = new DashboardPage(page, errors);
    page.on('response', (response) => {
      if (response.status() >= 400) dashboard.refused.push(`${response.status()} ${response.url()}`);
    });
    if (blockMedia) await page.addInitScript(withoutCandidates);
    await page.goto(url);
    await page.waitForSelector('html[data-ready]', { state: 'attached', timeout: 30_000 });
    return dashboard;
  }

  private constructor(page: Page, errors: readonly string[]) {
    this.page = page;
    this.errors = errors;
  }

  async show(panels: readonly PanelSpec[]): Promise<void> {
    await this.page.evaluate(`harness.show(${JSON.stringify(panels)})`);
  }

  tile(stream: string): string {
    return `[data-testid="sightline-tile"][data-stream="${stream}"]`;
  }

  reaches(stream: string, state: string, timeoutMs = 30_000): Promise<unknown> {
    return this.page.waitForSelector(`${this.tile(stream)}[data-state="${state}"]`, {
      timeout: timeoutMs,
      state: 'attached',
    });
  }

  /** Waits for this text within the part of the tile that has this test id. */
  says(stream: string, part: string, pattern: RegExp, timeoutMs = 15_000): Promise<void> {
    return this.page
      .locator(`${this.tile(stream)} [data-testid="sightline-${part}"]`)
      .filter({ hasText: pattern })
      .first()
      .waitFor({ timeout: timeoutMs, state: 'attached' });
  }

  /** Waits for the panel's message, which stands in place of the wall. */
  message(pattern: RegExp): Promise<void> {
    return this.page
      .locator('[data-testid="sightline-message"]')
      .filter({ hasText: pattern })
      .waitFor({ timeout: 10_000 });
  }

  /** How old the picture in the tile is by the page's clock, from the time code in its pixels. */
  async pictureAgeMs(stream: string): Promise<number> {
    const age = await this.page.evaluate<number | null>(`(() => {
      ${timeCode}
      const video = document.querySelector('${this.tile(stream)} video');
      const canvas = document.createElement('canvas');
      canvas.width = video.videoWidth;
      canvas.height = video.videoHeight;
      const context = canvas.getContext('2d');
      context.drawImage(video, 0, 0);
      const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
      const shown = timeCode.readTimeCodeRgba(data, canvas.width, canvas.height);
      return shown === undefined ? null : Date.now() - shown;
    })()`);
    if (age === null) throw new Error(`${stream} shows no time code`);
    return age;
  }

  /** In their order on the wall. */
  streams(): Promise<string[]> {
    return this.page.evaluate<string[]>(
      `[...document.querySelectorAll('[data-testid="sightline-tile"]')].map((tile) => tile.dataset.stream)`,
    );
  }

  state(stream: string): Promise<string | null> {
    return this.page.locator(this.tile(stream)).getAttribute('data-state');
  }

  /** Counts from now on what is opened and not closed again. */
  async watchLeaks(): Promise<void> {
    await this.page.evaluate(`(() => {
      const peers = new Set();
      const intervals = new Set();
      const { setInterval: set, clearInterval: clear, RTCPeerConnection: Peer } = window;
      window.setInterval = (...args) => { const id = set(...args); intervals.add(id); return id; };
      window.clearInterval = (id) => { intervals.delete(id); clear(id); };
      window.RTCPeerConnection = class extends Peer {
        constructor(...args) { super(...args); peers.add(this); }
        close() { peers.delete(this); super.close(); }
      };
      window.leaks = () => ({ peers: peers.size, intervals: intervals.size });
    })()`);
  }

  leaks(): Promise<{ peers: number; intervals: number }> {
    return this.page.evaluate('leaks()');
  }

  /** After a collection. */
  async heapBytes(): Promise<number> {
    const devtools = await this.page.context().newCDPSession(this.page);
    await devtools.send('HeapProfiler.collectGarbage');
    const { usedSize } = await devtools.send('Runtime.getHeapUsage');
    await devtools.detach();
    return usedSize;
  }

  /** As when somebody goes elsewhere: a page that is closed at once tells nobody. */
  async close(): Promise<void> {
    if (this.page.isClosed()) return;
    await this.page.goto('about:blank');
    await this.page.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
