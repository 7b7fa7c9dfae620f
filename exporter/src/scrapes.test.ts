import { PassThrough } from 'node:stream';

import { expect, test } from 'vitest';

import { Scrapes } from './scrapes.ts';

async function* parts(): AsyncGenerator<string> {
  yield 'a 1\n';
}

test('a scrape has its place until its response is closed', async () => {
  const scrapes = new Scrapes();
  const responses = Array.from({ length: 4 }, () => new PassThrough());
  for (const response of responses) scrapes.begin(parts(), response);
  expect(scrapes.refusal).toContain('At most 4');
  responses[0]?.destroy();
  await new Promise(setImmediate);
  expect(scrapes.refusal).toBeUndefined();
});

test('a response that is closed already takes no place: nothing would give it back', () => {
  const scrapes = new Scrapes();
  for (let i = 0; i < 5; i++) scrapes.begin(parts(), new PassThrough().destroy());
  expect(scrapes.refusal).toBeUndefined();
});
