/** The configuration files as they are shipped, in a folder of their own where only addresses, secrets and times are others. */
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What stands in the file, and what a test puts there. */
export type Replacements = Readonly<Record<string, string>>;

const provisioning = fileURLToPath(new URL('../..', import.meta.url));

/** Copies `prometheus/` and `alertmanager/` to `folder`, without tests. */
export function copyShipped(folder: string): void {
  mkdirSync(folder, { recursive: true });
  for (const part of ['prometheus', 'alertmanager'])
    cpSync(join(provisioning, part), join(folder, part), {
      recursive: true,
      filter: (path) => !/tests?(\/|$|\.ts$)/.test(path.slice(provisioning.length)),
    });
}

/** Replaces every occurrence. Throws when there is none: the file has changed, and the test would test something else. */
export function edit(path: string, replacements: Replacements): void {
  let text = readFileSync(path, 'utf8');
  for (const [from, to] of Object.entries(replacements)) {
    if (!text.includes(from)) throw new Error(`${path} has no "${from}"`);
    text = text.replaceAll(from, to);
  }
  writeFileSync(path, text);
}
