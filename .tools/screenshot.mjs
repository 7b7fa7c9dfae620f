// node .tools/screenshot.mjs: what `npm start` shows to a newcomer, as docs/images/wall.png and, a minute later and with a
// camera that cannot be reached, docs/images/monitoring.png (1920 x 1080).
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';

import { ensureInstalled, fail, pinnedNode, root } from './install.mjs';

ensureInstalled({ forTests: true });
const { chromium } = await import('playwright-core');
const picture = join(root, 'docs', 'images', 'wall.png');
const monitoringPicture = join(root, 'docs', 'images', 'monitoring.png');
const stateDir = mkdtempSync(join(tmpdir(), 'sightline-screenshot-'));
const relay = spawn(pinnedNode(), [join(root, 'media-relay', 'src', 'main.ts'), 'start'], {
  stdio: ['ignore', 'pipe', 'inherit'],
  env: {
    ...process.env,
    SIGHTLINE_HTTP_PORT: '0',
    SIGHTLINE_MEDIA_PORT: '0',
    SIGHTLINE_STATE_DIR: stateDir,
    SIGHTLINE_LOG_FORMAT: 'json',
  },
});
const relayEnded = once(relay, 'exit');

try {
  await takePicture(await relayUrl());
  console.log(`${picture}\n${monitoringPicture}`);
} finally {
  relay.kill('SIGTERM');
  await relayEnded;
  rmSync(stateDir, { recursive: true, force: true });
}

async function relayUrl() {
  for await (const line of createInterface({ input: relay.stdout })) {
    const { msg, url } = JSON.parse(line);
    if (msg === 'relay started') return url;
  }
  return fail('The relay ended before it had started.');
}

async function takePicture(url) {
  const browser = await chromium.launch({
    executablePath: join(root, 'media-relay', 'e2e', 'support', 'chromium.sh'),
  });
  try {
    const page = await browser.newPage({ viewport: { width: 1920, height: 1080 } });
    await page.goto(url);
    await page.waitForFunction(() => {
      const tiles = [...document.querySelectorAll('.tile')];
      // The statistics come a second after the picture.
      const isShown = (tile) =>
        tile.dataset.state === 'live' && tile.querySelector('.statistics').textContent !== '';
      return tiles.length === 2 && tiles.every(isShown);
    });
    // Long enough for the figures to be those of a steady stream.
    await new Promise((resolve) => setTimeout(resolve, 3000));
    mkdirSync(dirname(picture), { recursive: true });
    await page.screenshot({ path: picture });

    await addDeadCamera(url);
    // The wall goes on watching: the streams have a viewer each.
    const monitoring = await browser.newPage({ viewport: { width: 1920, height: 1080 } });
    await monitoring.goto(new URL('monitoring', url).href);
    await new Promise((resolve) => setTimeout(resolve, 60_000));
    await monitoring.screenshot({ path: monitoringPicture });
  } finally {
    await browser.close();
  }
}

async function addDeadCamera(url) {
  const { tokens } = JSON.parse(readFileSync(join(stateDir, 'tokens.json'), 'utf8'));
  const admin = tokens.find(({ name }) => name === 'admin').secret;
  // The port of "discard": nobody listens.
  const camera = { name: 'yard', title: 'Loading yard', site: 'Plant 2', url: 'rtsp://127.0.0.1:9/live' };
  const response = await fetch(new URL('api/v1/streams', url), {
    method: 'POST',
    headers: { Authorization: `Bearer ${admin}`, 'Content-Type': 'application/json' },
    body: JSON.stringify(camera),
  });
  if (!response.ok) fail(`The camera was not added: ${response.status}`);
}
