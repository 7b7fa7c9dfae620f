import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { timeBox } from '../testing/time-box.ts';
import { ConfigError } from './config-error.ts';
import type { Environment } from './environment.ts';
import { parseConfig } from './parse.ts';

function parse(text: string, environment: Environment = {}, files: Readonly<Record<string, string>> = {}) {
  return parseConfig(text, {
    file: '/etc/sightline/relay.yaml',
    environment: { XDG_STATE_HOME: '/state', ...environment },
    readText: (path) => {
      const content = files[path];
      if (content === undefined) throw Object.assign(new Error('no such file'), { code: 'ENOENT' });
      return content;
    },
  });
}

function problemsOf(
  text: string,
  environment: Environment = {},
  files: Readonly<Record<string, string>> = {},
): string[] {
  try {
    parse(text, environment, files);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.message.replaceAll('/etc/sightline/', '').split('\n');
  }
}

const like = (pattern: RegExp): unknown => expect.stringMatching(pattern);

test('one line is enough for a camera', () => {
  const { streams, http, media } = parse('streams:\n  lobby: rtsp://user:pw@10.0.0.5/stream\n');
  expect([...streams]).toEqual([
    [
      'lobby',
      {
        url: 'rtsp://user:pw@10.0.0.5/stream',
        onDemand: false,
        trustClock: false,
        transport: 'tcp',
        labels: {},
      },
    ],
  ]);
  expect(http).toEqual({ port: 8640, address: '127.0.0.1', corsOrigins: [] });
  expect(media).toEqual({ port: 8641, addresses: [], announce: [] });
});

test('every media thread has a port', () => {
  expect(parse('engine: { threads: 16 }\nmedia: { port: 65520, announce: ["203.0.113.5"] }').engine).toEqual({
    threads: 16,
  });
  expect(parse('').engine).toEqual({ threads: 1 });
  const text = 'engine: { threads: 16 }\nmedia: { port: 65521, announce: [10.0.0.1, "203.0.113.5:65530"] }';
  expect(problemsOf(text)).toEqual([
    like(/relay\.yaml:2:\d+ media\.port: leaves no room for 16 media threads.*use at most 65520/),
    like(/relay\.yaml:2:\d+ media\.announce\[1\]: leaves no room for 16 media threads/),
  ]);
});

test('a substream follows the rules of the address', () => {
  const text = (substream: string): string =>
    `streams: { a: { url: "rtsp://h/1", substream: "${substream}" } }`;
  const { streams } = parse(text('rtsp://u:${PW}@h/2'), { PW: 'a/b' });
  expect(streams.get('a')?.substream).toBe('rtsp://u:a%2Fb@h/2');
  expect(problemsOf(text('rtsp://u:${PW}@h/2'))).toEqual([
    like(/^relay\.yaml:1:\d+ streams\.a\.substream: .*PW/),
  ]);
  const [problem = ''] = problemsOf(text('rtspx://u:hunter2@h/2'));
  expect(problem).toMatch(/streams\.a\.substream: unknown scheme "rtspx"; did you mean rtsp/);
  expect(problem).not.toContain('hunter2');
});

test('media threads and the HTTP server do not share a port', () => {
  const text = 'http: { port: 8643 }\nengine: { threads: 4 }\nmedia: { port: 8640 }';
  expect(problemsOf(text)).toEqual([
    like(
      /relay\.yaml:3:\d+ media\.port: holds http\.port \(media takes 8640 to 8643, one for each.*use another/,
    ),
  ]);
  expect(parse('http: { port: 0 }\nmedia: { port: 0 }').media.port).toBe(0);
  expect(parse('http: { port: 8643 }\nengine: { threads: 3 }\nmedia: { port: 8640 }').engine.threads).toBe(3);
});

test('every key is understood', () => {
  const config = parse(
    `
http: { port: 80, address: '::', tls: { cert: c.pem, key: /k.pem }, corsOrigins: ['https://grafana.example'] }
media: { port: 9000, addresses: [10.0.0.1], announce: ['203.0.113.5', '203.0.113.5:8641', '[2001:db8::1]:1', '2001:db8::2'] }
limits: { viewers: 5, bitrate: 1.5G, memory: 0.75 }
grafana: { url: https://grafana.example/sub/ }
access: [{ role: Viewer, streams: ['lobby-*'] }, { user: jo, streams: ['*'] }]
tokens:
  - { name: a, token: 0123456789abcdef, permissions: [view] }
  - { name: b, tokenFile: b.txt, permissions: [admin], streams: [gate], forGrafana: true }
stateDir: state
log: { level: debug, format: json }
streams:
  gate:
    url: rtsps://10.0.0.5/
    substream: rtsps://10.0.0.5/2
    title: Gate
    site: Berlin
    labels: { floor: '1' }
    onDemand: true
    maxViewers: 3
    maxBitrate: 20M
    transport: udp
    tlsFingerprint: '${Array.from({ length: 32 }, () => 'AB').join(':')}'
`,
    {},
    { '/etc/sightline/b.txt': 'fedcba9876543210\n' },
  );
  expect(config.http.tls).toEqual({ cert: '/etc/sightline/c.pem', key: '/k.pem' });
  expect(config.limits).toEqual({ viewers: 5, bitrate: 1_500_000_000, memory: 0.75 });
  expect(config.stateDir).toBe('/etc/sightline/state');
  expect(config.tokens).toEqual([
    { name: 'a', token: '0123456789abcdef', permissions: ['view'], streams: ['*'], forGrafana: false },
    { name: 'b', token: 'fedcba9876543210', permissions: ['admin'], streams: ['gate'], forGrafana: true },
  ]);
  expect(config.streams.get('gate')).toMatchObject({
    site: 'Berlin',
    labels: { floor: '1' },
    maxViewers: 3,
    maxBitrate: 20_000_000,
    transport: 'udp',
  });
});

test.each([
  ['900M', 900_000_000],
  ['64 k', 64_000],
  ['1.5G', 1_500_000_000],
  ['2500000', 2_500_000],
])('a bit rate may be written %s', (text, bps) => {
  expect(parse(`limits: { bitrate: ${text} }`).limits.bitrate).toBe(bps);
  expect(parse('', { SIGHTLINE_LIMITS_BITRATE: text, SIGHTLINE_LIMITS_MEMORY: '0.5' }).limits).toMatchObject({
    bitrate: bps,
    memory: 0.5,
  });
});

test.each(['', '# nothing yet\n', 'streams:\n', 'streams:\n  # lobby: rtsp://h/\n'])(
  '%j has no streams',
  (text) => {
    const config = parse(text);
    expect(config.streams.size).toBe(0);
    expect(config.stateDir).toBe('/state/sightline');
  },
);

test.each([
  ['http:\n  prot: 1', 'relay.yaml:2:3 http: unknown key "prot"; did you mean "port"?'],
  ['strems: {}', 'relay.yaml:1:1 unknown key "strems"; did you mean "streams"?'],
  ['http: { zzz: 1 }', 'relay.yaml:1:9 http: unknown key; known here: port, address, tls, corsOrigins'],
  ['http:\n  port: abc', 'relay.yaml:2:9 http.port: must be a number; it is text'],
  ['http:\n  port: 70000', 'relay.yaml:2:9 http.port: is too big; use at most 65535'],
  ['http:\n  port: 1.5', 'relay.yaml:2:9 http.port: must be a whole number; it is a number'],
  ['http:\n  port:', 'relay.yaml:2:8 http.port: is empty; write a number'],
  ['http: 5', 'relay.yaml:1:7 http: must be a group of keys; it is a number'],
  ['[]', 'relay.yaml:1:1 must be a group of keys; it is a list'],
  ['http: { address: 300.0.0.1 }', like(/^relay.yaml:1:18 http.address: is not an IP address; /)],
  ['http: { tls: { cert: x } }', 'relay.yaml:1:14 http.tls.key: is missing; add key: with text'],
  ['http: { corsOrigins: ["*"] }', like(/^relay.yaml:1:23 http.corsOrigins\[0\]: is not a web origin; /)],
  [
    'media: { announce: [a.example] }',
    like(/^relay.yaml:1:21 media.announce\[0\]: is not an address that viewers can reach; /),
  ],
  ['media: { announce: 1.2.3.4 }', 'relay.yaml:1:20 media.announce: must be a list; write [one, two]'],
  ['limits: { bitrate: fast }', like(/^relay.yaml:1:20 limits.bitrate: is not a bit rate; write 900M/)],
  ['limits: { bitrate: 5 }', like(/^relay.yaml:1:20 limits.bitrate: is not a bit rate; /)],
  ['limits:\n  bitrate: 1e400', like(/^relay.yaml:2:12 limits.bitrate: is not a bit rate; /)],
  ['limits: { bitrate: [1] }', like(/^relay.yaml:1:20 limits.bitrate: is not a bit rate; /)],
  ['limits: { memory: 2 }', 'relay.yaml:1:19 limits.memory: is too big; use at most 1'],
  ['limits: { viewers: -1 }', 'relay.yaml:1:20 limits.viewers: is too small; use at least 0'],
  [
    'log: { level: inof }',
    'relay.yaml:1:15 log.level: is not one of debug, info, warn, error; did you mean info?',
  ],
  ['grafana: { url: grafana.example }', like(/^relay.yaml:1:17 grafana.url: is not a web address; /)],
  [
    'grafana: { url: "http://admin:hunter22@grafana:3000" }',
    'relay.yaml:1:17 grafana.url: holds credentials; leave them out, its keys are public',
  ],
  [
    'access:\n  - { user: jo, streams: [a] }',
    like(/^relay.yaml:2:3 access: would refuse everybody who comes through Grafana: .*; set grafana.url$/),
  ],
  ['access:\n  - streams: [a]', 'relay.yaml:2:5 access[0]: names nobody; add role: or user:'],
  [
    'access:\n  - { user: jo, streams: ["a b"] }',
    like(/^relay.yaml:2:27 access\[0\].streams\[0\]: is not a stream name or pattern; /),
  ],
  [
    'tokens:\n  - { name: a, permissions: [view] }',
    like(/^relay.yaml:2:5 tokens\[0\]: needs exactly one of token and tokenFile; /),
  ],
  [
    'tokens:\n  - { name: a, token: short, permissions: [view] }',
    like(/^relay.yaml:2:23 tokens\[0\].token: is not a token; /),
  ],
  [
    'tokens:\n  - { name: a, tokenFile: no, permissions: [view] }',
    like(/^relay.yaml:2:27 tokens\[0\].tokenFile: cannot be read \(ENOENT\); /),
  ],
  [
    'tokens:\n  - { name: a, token: &t 0123456789abcdef, permissions: [view] }\n  - { name: b, token: *t, permissions: [admin] }',
    'relay.yaml:3:23 tokens[1].token: is the token of "a" as well; give each a token of its own',
  ],
  [
    'tokens:\n  - { name: a, token: 1234567890123456, permissions: [view] }',
    like(/must be text; put it in quotes$/),
  ],
  [
    'streams:\n  gate:\n    url: rtspx://h',
    'relay.yaml:3:10 streams.gate.url: unknown scheme "rtspx"; did you mean rtsp? use rtsp, rtsps or demo',
  ],
  ['streams:\n  gate: h', like(/^relay.yaml:2:9 streams.gate.url: is not an address; /)],
  ['streams:\n  gate:', like(/^relay.yaml:2:8 streams.gate: is empty; write the address of the camera/)],
  ['streams:\n  gate: 5', 'relay.yaml:2:9 streams.gate: must be a group of keys; it is a number'],
  ['streams:\n  gate: { title: x }', 'relay.yaml:2:9 streams.gate.url: is missing; add url: with text'],
  ['streams:\n  "a b": rtsp://h', like(/^relay.yaml:2:3 streams: is not a stream name; /)],
  [
    'streams:\n  a: { url: "rtsp://h", labels: { floor: 1 } }',
    'relay.yaml:2:42 streams.a.labels.floor: must be text; put it in quotes',
  ],
  [
    'streams:\n  a: { url: "rtsp://h", labels: { "a b": x } }',
    like(/^relay.yaml:2:35 streams.a.labels: is not a label name; /),
  ],
  [
    'streams:\n  a: rtsp://h\n  a: rtsp://h',
    'relay.yaml:3:3 this key was given before; remove one of the two',
  ],
  ['streams:\n\ta: rtsp://h', 'relay.yaml:2:1 a tab is used for indentation; use spaces'],
  ['streams:\n  __proto__: rtsp://h', 'relay.yaml:2:3 this key is not allowed; choose another name'],
  ['log: [', like(/^relay.yaml:1:7 the indentation does not fit, or a bracket is not closed; /)],
  ['a: *b', like(/^relay.yaml:1:4 this alias \(\*name\) has no anchor/)],
  ['a: !secret b', like(/^relay.yaml:1:4 tags \(!name\) are not supported; /)],
  ['a: 1\n---\nb: 2', 'relay.yaml:2:1 a second document begins; remove the line ---'],
])('%j', (text, expected) => {
  expect(problemsOf(text)[0]).toEqual(expected);
});

test('all problems are told at once, in the order of the file', () => {
  const problems = problemsOf('streams: { a: x }\nhttp: { port: -1 }\nlog: { level: loud }');
  expect(problems.map((line) => line.split(' ')[0])).toEqual([
    'relay.yaml:1:15',
    'relay.yaml:2:15',
    'relay.yaml:3:15',
  ]);
});

test('aliases cannot blow up', () => {
  const levels = Array.from(
    { length: 12 },
    (_, level) => `l${level + 1}: &l${level + 1} [${`*l${level}, `.repeat(9)}]`,
  );
  expect(problemsOf(['l0: &l0 [x]', ...levels].join('\n'))).toEqual([
    'relay.yaml:1:1 aliases (*name) stand for too much text; write it out',
  ]);
});

test('nesting cannot exhaust the stack', () => {
  expect(problemsOf('['.repeat(20_000))).not.toEqual([]);
  expect(problemsOf('{a: '.repeat(20_000))).not.toEqual([]);
});

test('variables of the environment win over the file', () => {
  const { http, media, stateDir } = parse('http: { port: 1, address: "::" }', {
    SIGHTLINE_HTTP_PORT: '9000',
    SIGHTLINE_MEDIA_ANNOUNCE: '203.0.113.5, 203.0.113.6:1',
    SIGHTLINE_STATE_DIR: '/s',
    SIGHTLINE_LOG_LEVEL: '',
    SIGHTLINE_CONFIG: 'ignored here',
    OTHER: 'x',
  });
  expect(http).toMatchObject({ port: 9000, address: '::' });
  expect(media.announce).toEqual(['203.0.113.5', '203.0.113.6:1']);
  expect(stateDir).toBe('/s');
});

test.each([
  [
    { SIGHTLINE_HTTP_PROT: '1' },
    'SIGHTLINE_HTTP_PROT: there is no such setting; did you mean SIGHTLINE_HTTP_PORT?',
  ],
  [{ SIGHTLINE_ZZZZZZ: '1' }, /^SIGHTLINE_ZZZZZZ: there is no such setting; unset it/],
  [{ SIGHTLINE_HTTP_PORT: 'x' }, 'SIGHTLINE_HTTP_PORT: must be a number; it is text'],
  [{ SIGHTLINE_HTTP_PORT: '70000' }, 'SIGHTLINE_HTTP_PORT: is too big; use at most 65535'],
  [
    { SIGHTLINE_MEDIA_ANNOUNCE: '1.2.3.4,x' },
    /^SIGHTLINE_MEDIA_ANNOUNCE: is not an address that viewers can reach/,
  ],
  [{ SIGHTLINE_LOG_FORMAT: 'jsn' }, /^SIGHTLINE_LOG_FORMAT: is not one of .*; did you mean json\?$/],
])('%j: %s', (environment: Environment, expected) => {
  const problems = problemsOf('', environment);
  expect(problems).toHaveLength(1);
  expect(problems[0]).toMatch(expected);
});

test('passwords and tokens come from the environment', () => {
  const text = `
streams:
  a: rtsp://user:\${PW}@h/
  b: { url: '\${ADDRESS}' }
  c: rtsp://user:a$\${b}@h/
tokens: [{ name: t, token: '\${TOKEN}', permissions: [view] }]
`;
  const config = parse(text, { PW: 'p@ss/word', ADDRESS: 'rtsp://x:y@h/', TOKEN: '0123456789abcdef' });
  expect(config.streams.get('a')?.url).toBe('rtsp://user:p%40ss%2Fword@h/');
  expect(config.streams.get('b')?.url).toBe('rtsp://x:y@h/');
  expect(config.streams.get('c')?.url).toBe('rtsp://user:a${b}@h/');
  expect(config.tokens[0]?.token).toBe('0123456789abcdef');
  expect(problemsOf(text, { PW: 'x', ADDRESS: 'rtsp://h' })).toEqual([
    'relay.yaml:6:28 tokens[0].token: the environment variable TOKEN is not set; set it, or write $${ for a plain ${',
  ]);
});

const yamlParts =
  'http streams tokens log port url : :\x20 \n \n\x20\x20 - [ ] { } &a *a !x " | > # \t 1 null rtsp://u:p@h/ ${X} --- % ? <<:'
    .split(' ')
    .concat("'", ' ', '- ', '? ', '\n    ');

const anyText = fc.oneof(
  fc.string({ maxLength: 200 }),
  fc.string({ unit: 'grapheme', maxLength: 100 }),
  fc.array(fc.constantFrom(...yamlParts), { maxLength: 40 }).map((parts) => parts.join('')),
);

test('any text is a configuration or a ConfigError', () => {
  fc.assert(
    fc.property(anyText, (text) => {
      // Throws whatever is no ConfigError.
      expect(problemsOf(text)).not.toContain('');
    }),
    timeBox,
  );
});

test('a password in the place of a variable is not shown', () => {
  const [problem = ''] = problemsOf('streams: { a: "rtsp://u:${hunter2}@h/" }');
  expect(problem).toContain('the environment variable between ${ and } is not set');
  expect(problem).not.toContain('hunter2');
});

test('no mistake brings a password or token to light', () => {
  const secret = 'Kq7Zw3Xv9Jt5Rb1Yh2';
  const text = `
http: { port: 8640 }
tokens:
  - name: script
    token: ${secret}
    permissions: [view]
streams:
  lobby: rtsp://admin:${secret}@10.0.0.5/stream
  gate: { url: "rtsp://admin:${secret}@10.0.0.6/", transport: tcp }
`;
  const edit = fc.record({
    at: fc.nat(text.length),
    removed: fc.nat(4),
    inserted: fc.constantFrom('', ...Array.from(':{}[]"\'\n\t*&!|,#@$ -'), ': ', ', ', '\n  ', '*', '${'),
  });
  fc.assert(
    fc.property(fc.array(edit, { minLength: 1, maxLength: 4 }), (edits) => {
      const broken = edits.reduce(
        (current, { at, removed, inserted }) => current.slice(0, at) + inserted + current.slice(at + removed),
        text,
      );
      for (const line of problemsOf(broken)) expect(line).not.toContain(secret.slice(0, 10));
    }),
    timeBox,
  );
});
