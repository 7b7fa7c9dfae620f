import { existsSync } from 'node:fs';
import { setPriority } from 'node:os';
import path from 'node:path';
import { type Browser, chromium } from 'playwright-core';

const candidates = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

const onItsOwn = path.join(import.meta.dirname, 'chromium-on-its-own.sh');
/** As root, Chromium gives its own threads -8. */
const ABOVE_CHROMIUM = -12;

/**
 * A headless Chromium with H.264 that plays without a gesture and leaves the network alone. It stands for a browser on
 * another machine: this process and what it starts from now on, the relay above all, need not wait for it.
 */
export async function launchChromium(): Promise<Browser> {
  const executablePath = process.env['CHROMIUM'] ?? candidates.find((file) => existsSync(file));
  if (executablePath === undefined)
    throw new Error('This bench needs Chromium: apt-get install -y chromium, or set CHROMIUM to its path');
  const switches =
    'headless no-sandbox disable-gpu disable-quic no-first-run disable-background-networking ' +
    'disable-component-update disable-sync autoplay-policy=no-user-gesture-required ' +
    'disable-features=WebRtcHideLocalIpsWithMdns,WebUIOmniboxPopup,WebUIOmniboxAimPopup';
  const args = switches.split(' ').map((name) => `--${name}`);
  const env = { ...process.env, CHROMIUM: executablePath };
  const browser = await chromium.launch({ executablePath: onItsOwn, args, env });
  if (process.getuid?.() === 0) setPriority(ABOVE_CHROMIUM);
  return browser;
}
