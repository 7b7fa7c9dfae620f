import { expect, test } from 'vitest';

import { parseConfig } from './parse.ts';
import { secretsOfStream } from './secrets.ts';

test('passwords as written and decoded', () => {
  const config = parseConfig(
    `
streams: { a: "rtsp://u:p%40ss@h/", b: "rtsp://u:50%@h/", c: "rtsp://u@h/", d: "rtsp://h/user=a&password=abc/1",
  e: { url: "rtsp://h/", substream: "rtsp://u:small@h/sub" } }`,
    { file: 'relay.yaml', environment: {}, readText: () => '' },
  );
  const secrets = [...config.streams.values()].flatMap(secretsOfStream);
  expect(new Set(secrets)).toEqual(new Set(['p%40ss', 'p@ss', '50%', 'abc', 'small']));
});
