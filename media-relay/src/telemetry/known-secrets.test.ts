import { beforeEach, expect, test } from 'vitest';

import { KnownSecrets } from './known-secrets.ts';
import { redact } from './redact.ts';

let nowMs: number;
let secrets: KnownSecrets;

beforeEach(() => {
  nowMs = 1_000;
  secrets = new KnownSecrets(() => nowMs);
});

test('one that somebody holds stays for ever, one that nobody holds for an hour', () => {
  secrets.set('a', ['shared', 'old']);
  secrets.set('b', ['shared']);
  secrets.set('a', ['new']);
  nowMs += 3_599_999;
  secrets.set('c', ['other']);
  expect([...secrets].toSorted()).toEqual(['new', 'old', 'other', 'shared']);
  nowMs += 1;
  secrets.set('c', []);
  expect([...secrets].toSorted()).toEqual(['new', 'other', 'shared']);
});

test('one that comes back is in use again, held once or twice', () => {
  secrets.set('a', ['secret', 'secret']);
  secrets.set('a', []);
  secrets.set('a', ['secret']);
  nowMs += 4_000_000;
  secrets.set('a', ['secret']);
  expect([...secrets]).toEqual(['secret']);
  secrets.set('a', []);
  nowMs += 4_000_000;
  secrets.set('b', []);
  expect(secrets.size).toBe(0);
});

test('the longest come first: a new password may begin with the old one', () => {
  secrets.set('a', ['gate-2024', 'gate']);
  secrets.set('a', ['gate-2024-Xy7!']);
  expect(redact('no gate-2024-Xy7! nor gate-2024', secrets)).toBe('no *** nor ***');
});

test('of those that were, the newest thousands are kept', () => {
  for (let i = 0; i < 10_000; i++) secrets.set('a', [`secret ${i}`]);
  expect(secrets.size).toBe(4_097);
  expect([...secrets]).toContain('secret 9999');
  expect([...secrets]).toContain('secret 5903');
  expect([...secrets]).not.toContain('secret 5902');
});
