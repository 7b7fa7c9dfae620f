/** What a program has made is committed as it made it; and this notices when it is not. */
import {
  appendFileSync,
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { writeAlerting } from './write-alerting.ts';

const committed = fileURLToPath(new URL('../alerting', import.meta.url));
const rules = 'sightline-rules.yaml';

let made: string;
let copy: string;
beforeEach(() => {
  made = mkdtempSync(join(tmpdir(), 'sightline-made-'));
  copy = mkdtempSync(join(tmpdir(), 'sightline-committed-'));
  writeAlerting(made, {});
  cpSync(committed, copy, { recursive: true });
});
afterEach(() => {
  for (const folder of [made, copy]) rmSync(folder, { recursive: true });
});

/** Names of files that say that they are made, or are, and are not as they are made. */
function drift(folder: string): string[] {
  const present = readdirSync(folder);
  const sayTheyAreMade = present.filter((name) => read(folder, name).startsWith('# Made '));
  const names = new Set([...sayTheyAreMade, ...readdirSync(made)]);
  return [...names].filter((name) => read(folder, name) !== read(made, name)).toSorted();
}

function read(folder: string, name: string): string {
  return readdirSync(folder).includes(name) ? readFileSync(join(folder, name), 'utf8') : 'no such file';
}

test('alerting/ is what its program writes; run node provisioning/src/write-alerting.ts', () => {
  expect(drift(committed)).toEqual([]);
});

test.each([
  ['a threshold', (text: string) => text.replace('0.75', '0.76')],
  ['a uid', (text: string) => text.replace('uid: sl-stream-down', 'uid: sl-stream-gone')],
  ['a space', (text: string) => `${text} `],
  ['the head that says whence it comes', (text: string) => text.slice(text.indexOf('\n') + 1)],
  ['everything', () => ''],
])('%s that is changed by hand is noticed', (_, change) => {
  const before = read(copy, rules);
  const after = change(before);
  expect(after).not.toBe(before);
  writeFileSync(join(copy, rules), after);
  expect(drift(copy)).toEqual([rules]);
});

test('so is a file that is gone, and one that was made by an older program', () => {
  rmSync(join(copy, rules));
  expect(drift(copy)).toEqual([rules]);
  cpSync(join(committed, rules), join(copy, rules));
  appendFileSync(join(copy, 'sightline-older.yaml'), '# Made from what is no more.\n');
  expect(drift(copy)).toEqual(['sightline-older.yaml']);
});
