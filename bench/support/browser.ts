import { existsSync } from 'node:fs';
import path from 'node:path';
import { type Browser, chromium } from 'playwright-core';

const candidates = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

const withoutPriority = path.join(import.meta.dirname, 'chromium-without-priority.sh');

/** A headless Chromium with H.264 that plays without a gesture and leaves the network alone. */
export async function launchChromium(): Promise<Browser> {
  const executablePath = process.env['CHROMIUM'] ?? candidates.find((file) => existsSync(file));
  if (executablePath === undefined)
    throw new Error('This bench needs Chromium: apt-get install -y chromium, or set CHROMIUM to its path');
  const switches =
    'headless no-sandbox disable-gpu disable-quic no-first-run disable-background-networking ' +
    'disable-component-update disable-sync autoplay-policy=no-user-gesture-required ' +
    'disable-features=WebRtcHideLocalIpsWithMdns';
  const args = switches.split(' ').map((name) => `--${name}`);
  if (process.getuid?.() !== 0) return chromium.launch({ executablePath, args });
  const env = { ...process.env, CHROMIUM: executablePath };
  return chromium.launch({ executablePath: withoutPriority, args, env });
}
