/** Debian's Chromium, headless, as a viewer. `await using browser = await openBrowser()` closes it for sure. */
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import type { Page } from 'playwright-core';

/** What playwright needs to start it, of any kind of profile. */
export function chromiumOptions(extraFlags: readonly string[] = []) {
  return {
    executablePath: join(import.meta.dirname, 'chromium.sh'),
    headless: true,
    args: [...extraFlags],
    timeout: 30_000,
  };
}

export interface TestBrowser extends AsyncDisposable {
  /** A page of its own profile. Whatever it logs as an error, or throws, is collected. */
  page(options?: { readonly width?: number; readonly height?: number }): Promise<TestPage>;
  close(): Promise<void>;
}

export interface TestPage {
  readonly page: Page;
  readonly errors: readonly string[];
}

export async function openBrowser(extraFlags: readonly string[] = []): Promise<TestBrowser> {
  const browser = await chromium.launch(chromiumOptions(extraFlags));
  const close = () => browser.close();
  return {
    page: async ({ width = 1280, height = 720 } = {}) => {
      const page = await browser.newPage({ viewport: { width, height } });
      const errors: string[] = [];
      page.on('pageerror', (error) => errors.push(error.message));
      page.on('console', (message) => {
        if (message.type() === 'error') errors.push(message.text());
      });
      return { page, errors };
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

export interface PictureFacts {
  readonly width: number;
  readonly height: number;
  /** 0..255. */
  readonly meanLuma: number;
  /** Standard deviation of the luma: 0 is one flat colour. */
  readonly contrast: number;
}

/** What the video element with this selector shows now, from its decoded pixels. */
export function readPicture(page: Page, selector: string): Promise<PictureFacts> {
  return page.evaluate<PictureFacts>(`(() => {
    const video = document.querySelector(${JSON.stringify(selector)});
    const canvas = document.createElement('canvas');
    canvas.width = 64;
    canvas.height = 36;
    const context = canvas.getContext('2d');
    context.drawImage(video, 0, 0, 64, 36);
    const { data } = context.getImageData(0, 0, 64, 36);
    let sum = 0;
    let squares = 0;
    for (let i = 0; i < data.length; i += 4) {
      const luma = 0.2126 * data[i] + 0.7152 * data[i + 1] + 0.0722 * data[i + 2];
      sum += luma;
      squares += luma * luma;
    }
    const count = data.length / 4;
    const meanLuma = sum / count;
    const contrast = Math.sqrt(squares / count - meanLuma * meanLuma);
    return { width: video.videoWidth, height: video.videoHeight, meanLuma, contrast };
  })()`);
}
