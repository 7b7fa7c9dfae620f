import { expect, test } from 'vitest';

import { parseConfig } from './parse.ts';
import { secretsOf } from './secrets.ts';

test('passwords as written and decoded, and tokens', () => {
  const config = parseConfig(
    `
tokens: [{ name: a, token: 0123456789abcdef, permissions: [view] }]
streams: { a: "rtsp://u:p%40ss@h/", b: "rtsp://u:50%@h/", c: "rtsp://u@h/", d: "rtsp://h/user=a&password=abc/1",
  e: { url: "rtsp://h/", substream: "rtsp://u:small@h/sub" } }`,
    { file: 'relay.yaml', environment: {}, readText: () => '' },
  );
  expect(secretsOf(config)).toEqual(new Set(['0123456789abcdef', 'p%40ss', 'p@ss', '50%', 'abc', 'small']));
});
