import { expect, test } from 'vitest';

import { createLog } from './log.ts';
import { redact } from './redact.ts';

test.each([
  ['rtsp://user:pw@10.0.0.5/stream', 'rtsp://***@10.0.0.5/stream'],
  ['at RTSPS://user@host, twice rtsp://a:b@c/', 'at RTSPS://***@host, twice rtsp://***@c/'],
  ['rtsp://admin:p@ss/w?rd#1@10.0.0.5/', 'rtsp://***@10.0.0.5/'],
  [`rtsp://admin:it's"<it>@10.0.0.5/`, 'rtsp://***@10.0.0.5/'],
  ['rtsp://10.0.0.5/stream', 'rtsp://10.0.0.5/stream'],
  ['Authorization: Bearer abc.def-123', 'Authorization: Bearer ***'],
  ['authorization: basic dXNlcjpwdw==', 'authorization: basic ***'],
  ['Digest username="u", response="0123456789abcdef0123456789abcdef"', 'Digest username="u", response="***"'],
  ['X-Sightline-Token: abcdef', 'X-Sightline-Token: ***'],
  ['/x?access_token=abc&width=5', '/x?access_token=***&width=5'],
  ['the bearer of news', 'the bearer of news'],
  ['secret hunter22 and short abc', 'secret *** and short abc'],
])('%s', (text, expected) => {
  expect(redact(text, new Set(['hunter22', 'abc']))).toBe(expected);
});

const password = 'Tr0ub4dor&3';
const url = `rtsp://admin:${encodeURIComponent(password)}@10.0.0.5/stream`;

/** Every way in which a secret could get into a log line. */
function logEverything(log: ReturnType<typeof createLog>): void {
  const cause = new AggregateError([new Error(`connect to ${url}`), { password }], `all failed: ${url}`);
  const error = Object.assign(new Error(`camera ${url}`, { cause }), {
    url,
    options: { headers: { auth: password } },
  });
  log.info(`connecting to ${url}`);
  log.info('connecting to %s with %o', url, { password });
  log.warn({ err: error }, 'failed');
  log.warn({ error }, 'failed');
  log.error(error);
  log.error({ deep: { deeper: [{ [url]: new Map([[url, url]]) }, url] } });
  log.child({ stream: 'lobby', url }).info({ session: 'abc' }, 'child');
  log.info({ text: JSON.stringify({ password }) });
}

test.each(['json', 'pretty'] as const)('no %s line shows a password', (format) => {
  let text = '';
  const output = { write: (line: string) => (text += line) };
  logEverything(createLog({ level: 'debug', format, secrets: new Set([password]), output }));
  expect(text).toContain('rtsp://***@10.0.0.5/stream');
  expect(text).toContain('all failed');
  expect(text).not.toContain(password);
  expect(text).not.toContain(encodeURIComponent(password));
});

test('JSON lines carry level, time and the ids of children', () => {
  const lines: string[] = [];
  const log = createLog({ level: 'info', format: 'auto', output: { write: (line) => lines.push(line) } });
  log.debug('not written');
  log.child({ stream: 'lobby' }).child({ session: 'abc' }).info({ attempt: 2 }, 'up');
  expect(lines).toHaveLength(1);
  expect(JSON.parse(lines[0] ?? '')).toEqual({
    level: 'info',
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
    stream: 'lobby',
    session: 'abc',
    attempt: 2,
    msg: 'up',
  });
});

test('secrets that become known later are hidden, too', () => {
  const secrets = new Set<string>();
  let text = '';
  const log = createLog({
    level: 'info',
    format: 'json',
    secrets,
    output: { write: (line) => (text += line) },
  });
  secrets.add('appeared-later');
  log.info('it is appeared-later');
  expect(text).toContain('it is ***');
});

test('a terminal gets readable lines', () => {
  let text = '';
  const log = createLog({
    level: 'info',
    format: 'auto',
    output: { isTTY: true, write: (line) => (text += line) },
  });
  log.info('hello');
  expect(text).toMatch(/INFO.*hello/);
  expect(text).not.toContain('{');
});
