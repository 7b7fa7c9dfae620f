import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ProtocolError } from '../media/protocol-error.ts';
import { SourceError } from '../sources/source.ts';
import { timeBox } from '../testing/time-box.ts';
import { RtspParser } from './parser.ts';
import { RtspSession, TransportRefusedError, type RtspSessionEvent } from './session.ts';
import { parseRtspUrl, redactor } from './url.ts';

const h264Sdp = 'v=0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:trackID=1\r\n';
const withAudio = `${h264Sdp}m=audio 0 RTP/AVP 8\r\na=control:trackID=2\r\n`;

interface Sent {
  readonly method: string;
  readonly url: string;
  readonly header: (name: string) => string | undefined;
}

/** A session at one end, the test as the camera at the other: `answer` answers the request sent last. */
function dialogue(url = 'rtsp://admin:secret@cam/live') {
  const sent: Sent[] = [];
  const answers: string[] = [];
  const events: RtspSessionEvent[] = [];
  const server = new RtspParser({
    onInterleaved: () => undefined,
    onRequest: ({ method, url, headers }) => sent.push({ method, url, header: (name) => headers.get(name) }),
    onResponse: ({ status }) => answers.push(String(status)),
  });
  const session = new RtspSession({
    target: parseRtspUrl(url),
    userAgent: 'Sightline',
    cnonce: () => 'cnonce',
    emit(event) {
      if (event.type !== 'send') return void events.push(event);
      const bytes = Buffer.from(event.text);
      server.push(bytes, 0, bytes.length);
    },
  });
  const client = new RtspParser({
    onInterleaved: () => undefined,
    onResponse: (response) => session.handleResponse(response, at.ms),
    onRequest: (request) => session.handleRequest(request),
  });
  const at = { ms: 1000 };
  const receive = (text: string): void => {
    const bytes = Buffer.from(text);
    client.push(bytes, 0, bytes.length);
  };
  return {
    session,
    sent,
    answers,
    events,
    at,
    last: () => sent.at(-1),
    types: () => events.map((event) => event.type).filter((type) => type !== 'round-trip'),
    receive,
    answer(status: number, headers: string[] = [], body = '') {
      const cseq = sent.at(-1)?.header('cseq') ?? '';
      const length = body === '' ? [] : [`Content-Length: ${body.length}`];
      receive(
        `RTSP/1.0 ${status} Text\r\n${[`CSeq: ${cseq}`, ...headers, ...length].join('\r\n')}\r\n\r\n${body}`,
      );
    },
  };
}

const tcp = [
  { lower: 'tcp', channels: [0, 1] },
  { lower: 'tcp', channels: [2, 3] },
] as const;

function playing(
  d: ReturnType<typeof dialogue>,
  sessionHeader = 'Session: 77',
  publicMethods = 'OPTIONS, PLAY',
): void {
  d.session.start(d.at.ms);
  d.answer(200, [`Public: ${publicMethods}`]);
  d.answer(200, ['Content-Base: rtsp://cam/live/'], h264Sdp);
  d.session.setup([tcp[0]], d.at.ms);
  d.answer(200, [sessionHeader, 'Transport: RTP/AVP/TCP;unicast;interleaved=0-1']);
  d.answer(200);
}

describe('dialogues of different cameras', () => {
  it('plays video and audio: Hikvision style, Digest from DESCRIBE on, controls absolute', () => {
    const d = dialogue();
    d.session.start(d.at.ms);
    expect(d.last()).toMatchObject({ method: 'OPTIONS', url: 'rtsp://cam/live' });
    d.answer(200, ['Public: OPTIONS, DESCRIBE, PLAY, PAUSE, SETUP, TEARDOWN, SET_PARAMETER, GET_PARAMETER']);
    expect(d.last()?.header('authorization')).toBeUndefined();
    d.answer(401, [
      'WWW-Authenticate: Digest realm="4419b6", nonce="a4", stale="FALSE"',
      'WWW-Authenticate: Basic realm="4419b6"',
    ]);
    expect(d.last()?.method).toBe('DESCRIBE');
    expect(d.last()?.header('authorization')).toMatch(/^Digest username="admin"/);
    const sdp = withAudio.replaceAll('trackID', 'rtsp://cam/live/trackID');
    d.answer(200, ['Content-Type: application/sdp', 'Content-Base: rtsp://cam/live/'], sdp);
    d.session.setup(tcp, d.at.ms);
    expect(d.last()).toMatchObject({ method: 'SETUP', url: 'rtsp://cam/live/trackID=1' });
    d.answer(200, [
      'Session: 1185236453;timeout=60',
      'Transport: RTP/AVP/TCP;unicast;interleaved=0-1;ssrc=42b7d5d9;mode="play"',
    ]);
    expect(d.last()).toMatchObject({ method: 'SETUP', url: 'rtsp://cam/live/trackID=2' });
    expect(d.last()?.header('session')).toBe('1185236453');
    d.answer(200, ['Session: 1185236453;timeout=60', 'Transport: RTP/AVP/TCP;unicast;interleaved=2-3']);
    expect(d.last()).toMatchObject({ method: 'PLAY', url: 'rtsp://cam/live/' });
    d.answer(200, ['RTP-Info: url=rtsp://cam/live/trackID=1;seq=1;rtptime=1']);
    expect(d.types()).toEqual(['described', 'track-ready', 'track-ready', 'playing']);
  });

  it('plays Dahua style: a query in the base, channels of its own choice, no answer to OPTIONS but 401', () => {
    const d = dialogue('rtsp://a:b@cam/cam/realmonitor?channel=1&subtype=0');
    d.session.start(d.at.ms);
    d.answer(401, ['WWW-Authenticate: Digest realm="Login to 9", nonce="1"']);
    d.answer(401, ['WWW-Authenticate: Digest realm="Login to 9", nonce="2"']);
    d.answer(200, ['Content-Base: rtsp://cam/cam/realmonitor?channel=1&subtype=0/'], h264Sdp);
    d.session.setup([tcp[0]], d.at.ms);
    expect(d.last()?.url).toBe('rtsp://cam/cam/realmonitor?channel=1&subtype=0/trackID=1');
    d.answer(200, ['Session: 9;Timeout = 20', 'transport: rtp/avp/tcp;UNICAST;Interleaved=6-7']);
    expect(d.events.at(-1)).toMatchObject({ type: 'track-ready', transport: { channels: [6, 7] } });
  });

  it('plays Axis style: session control absolute, base missing, UDP with several candidates', () => {
    const d = dialogue('rtsp://cam/axis-media/media.amp');
    d.session.start(d.at.ms);
    d.answer(200, ['Public: OPTIONS, DESCRIBE']);
    d.answer(
      200,
      [],
      `a=control:rtsp://cam/axis-media/media.amp?x=1\r\n${h264Sdp.replace('trackID=1', 'stream=0')}`,
    );
    d.session.setup([{ lower: 'udp', clientPorts: [5000, 5001] }], d.at.ms);
    expect(d.last()?.url).toBe('rtsp://cam/axis-media/media.amp?x=1/stream=0');
    d.answer(200, [
      'Session: A',
      'Transport: RTP/AVP;multicast;port=1-2, RTP/AVP;unicast;client_port=5000-5001;server_port=6000-6001',
    ]);
    expect(d.events.at(-1)).toMatchObject({ type: 'track-ready', transport: { serverPorts: [6000, 6001] } });
    expect(d.last()).toMatchObject({ method: 'PLAY', url: 'rtsp://cam/axis-media/media.amp?x=1' });
  });

  it('plays live555 style: no Transport or CSeq in answers, one track without a control', () => {
    const d = dialogue('rtsp://cam/stream');
    d.session.start(d.at.ms);
    d.receive('RTSP/1.0 200 OK\r\n\r\n');
    d.answer(200, ['Content-Base: rtsp://cam/stream/'], 'm=video 0 RTP/AVP 96\na=rtpmap:96 H264/90000\n');
    d.session.setup([tcp[0]], d.at.ms);
    expect(d.last()?.url).toBe('rtsp://cam/stream/');
    d.receive('RTSP/1.0 200 OK\r\nSession: 1\r\n\r\n');
    expect(d.events.at(-1)).toMatchObject({ type: 'track-ready', transport: { channels: [0, 1] } });
    d.answer(200);
    expect(d.types().at(-1)).toBe('playing');
  });

  it.each([500, 459, 461])('plays the picture of a camera that refuses its own audio with %i', (status) => {
    const d = dialogue();
    d.session.start(d.at.ms);
    d.answer(404);
    d.answer(200, [], withAudio);
    d.session.setup(tcp, d.at.ms);
    d.answer(200, ['Session: 1', 'Transport: RTP/AVP/TCP;interleaved=0-1']);
    d.answer(status);
    expect(d.last()?.method).toBe('PLAY');
    d.answer(200);
    expect(d.types()).toEqual(['described', 'track-ready', 'playing']);
  });
});

describe('refusals', () => {
  const described = (url?: string) => {
    const d = dialogue(url);
    d.session.start(d.at.ms);
    d.answer(200);
    return d;
  };

  it.each([
    [404, 'not-found', 'cam:554 answered DESCRIBE with 404 Text: check the path'],
    [403, 'unauthorized', '403'],
    [503, 'refused-by-peer', 'cam:554 answered DESCRIBE with 503 Text'],
  ])('%i is %s', (status, code, message) => {
    const d = described();
    expect(() => d.answer(status)).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(message) }),
    );
  });

  it('ends a 401 loop', () => {
    const d = described();
    d.answer(401, ['WWW-Authenticate: Digest realm="r", nonce="1"']);
    expect(() => d.answer(401, ['WWW-Authenticate: Digest realm="r", nonce="2"'])).toThrow(
      'refuses the user or the password',
    );
    expect(d.sent.filter(({ method }) => method === 'DESCRIBE')).toHaveLength(2);
  });

  it('wants credentials when asked and there are none', () => {
    const d = described('rtsp://cam/');
    expect(() => d.answer(401, ['WWW-Authenticate: Basic realm="r"'])).toThrow(
      expect.objectContaining({
        code: 'unauthorized',
        message: expect.stringContaining('rtsp://user:password@'),
      }),
    );
  });

  it.each([454, 459, 461])('%i to SETUP says that another transport may do', (status) => {
    const d = described();
    d.answer(200, [], h264Sdp);
    d.session.setup([{ lower: 'udp', clientPorts: [5000, 5001] }], d.at.ms);
    expect(() => d.answer(status)).toThrow(TransportRefusedError);
  });

  it('says the same of a camera that answers with a transport nobody asked for', () => {
    const d = described();
    d.answer(200, [], h264Sdp);
    d.session.setup([{ lower: 'udp', clientPorts: [5000, 5001] }], d.at.ms);
    expect(() => d.answer(200, ['Session: 1', 'Transport: RTP/AVP/TCP;interleaved=0-1'])).toThrow(
      TransportRefusedError,
    );
  });

  it('does not let two tracks share a channel', () => {
    const d = described();
    d.answer(200, [], withAudio);
    d.session.setup(tcp, d.at.ms);
    d.answer(200, ['Session: 1', 'Transport: RTP/AVP/TCP;interleaved=0-1']);
    expect(() => d.answer(200, ['Transport: RTP/AVP/TCP;interleaved=1-2'])).toThrow(
      expect.objectContaining({ code: 'RTSP_CHANNEL_TWICE' }),
    );
  });

  it('wants a Session to play in', () => {
    const d = described();
    d.answer(200, [], h264Sdp);
    d.session.setup([tcp[0]], d.at.ms);
    expect(() => d.answer(200)).toThrow(expect.objectContaining({ code: 'RTSP_BAD_SESSION' }));
  });

  it.each([301, 302, 303, 305, 307, 308])('%i redirects', (status) => {
    const d = described();
    d.answer(status, ['Location: rtsp://other/x']);
    expect(d.events.at(-1)).toEqual({ type: 'redirected', location: 'rtsp://other/x' });
  });

  it('names the codecs of a camera without H.264', () => {
    const d = described();
    expect(() => d.answer(200, [], h264Sdp.replace('H264', 'H265'))).toThrow(
      expect.objectContaining({ code: 'unsupported-codec', message: expect.stringContaining('H265') }),
    );
  });
});

describe('CSeq', () => {
  it.each(['99', '-1', 'x', '1e0'])('%s was not asked', (cseq) => {
    const d = dialogue();
    d.session.start(d.at.ms);
    expect(() => d.receive(`RTSP/1.0 200 OK\r\nCSeq: ${cseq}\r\n\r\n`)).toThrow(
      expect.objectContaining({ code: 'RTSP_WRONG_CSEQ' }),
    );
  });

  it('may be missing only while one request is outstanding', () => {
    const d = dialogue();
    playing(d);
    expect(() => d.receive('RTSP/1.0 200 OK\r\n\r\n')).toThrow(
      expect.objectContaining({ code: 'RTSP_WRONG_CSEQ' }),
    );
  });
});

describe('time', () => {
  it('waits 10 s for an answer', () => {
    const d = dialogue();
    d.session.start(1000);
    d.session.tick(10_999);
    expect(() => d.session.tick(11_000)).toThrow('did not answer OPTIONS within 10 s');
  });

  it('measures the round trip', () => {
    const d = dialogue();
    d.session.start(1000);
    d.at.ms = 1040;
    d.answer(200);
    expect(d.events[0]).toEqual({ type: 'round-trip', seconds: 0.04 });
  });

  it.each([
    [
      'GET_PARAMETER at half the timeout',
      'Session: 1;timeout=20',
      'OPTIONS, get_parameter',
      10_000,
      'GET_PARAMETER',
    ],
    ['OPTIONS when the camera does not list it', 'Session: 1;timeout=20', 'OPTIONS', 10_000, 'OPTIONS'],
    ['every 30 s by default', 'Session: 1', 'OPTIONS', 30_000, 'OPTIONS'],
    ['every 30 s at the least', 'Session: 1;timeout=99999', 'OPTIONS', 30_000, 'OPTIONS'],
    ['once a second at most', 'Session: 1;timeout=1', 'OPTIONS', 1000, 'OPTIONS'],
  ])('keeps alive: %s', (_, session, methods, delayMs, method) => {
    const d = dialogue();
    playing(d, session, methods);
    const before = d.sent.length;
    d.session.tick(d.at.ms + delayMs - 1);
    expect(d.sent).toHaveLength(before);
    d.session.tick(d.at.ms + delayMs);
    expect(d.sent).toHaveLength(before + 1);
    expect(d.last()).toMatchObject({ method, url: 'rtsp://cam/live/' });
    expect(d.last()?.header('session')).toBe('1');
  });

  it('turns to OPTIONS when GET_PARAMETER is refused or not answered, and takes late answers', () => {
    const d = dialogue();
    playing(d, 'Session: 1;timeout=60', 'GET_PARAMETER');
    d.session.tick((d.at.ms += 30_000));
    expect(d.last()?.method).toBe('GET_PARAMETER');
    const late = d.last()?.header('cseq') ?? '';
    d.session.tick((d.at.ms += 30_000));
    expect(d.last()?.method).toBe('OPTIONS');
    d.receive(`RTSP/1.0 200 OK\r\nCSeq: ${late}\r\n\r\n`);
    d.answer(200);
  });

  it('keeps a session of few seconds alive that answers no keep-alive', () => {
    const d = dialogue();
    playing(d, 'Session: 1;timeout=10');
    const before = d.sent.length;
    for (let i = 0; i < 4; i++) d.session.tick((d.at.ms += 5000));
    expect(d.sent).toHaveLength(before + 4);
  });

  it('plays on when the camera refuses the password for keep-alives alone', () => {
    const d = dialogue();
    playing(d, 'Session: 1', 'GET_PARAMETER');
    d.session.tick((d.at.ms += 30_000));
    for (let i = 0; i < 2; i++) d.answer(401, ['WWW-Authenticate: Digest realm="r", nonce="1"']);
    expect(d.last()).toMatchObject({ method: 'GET_PARAMETER' });
    expect(d.last()?.header('authorization')).toContain('nonce="1"');
    d.session.tick((d.at.ms += 30_000));
    expect(d.last()).toMatchObject({ method: 'OPTIONS' });
  });

  it.each(['SETUP', 'PLAY', 'GET_PARAMETER'])(
    'takes a new nonce for each keep-alive from a camera that asks from %s on',
    (asksFrom) => {
      const d = dialogue();
      const challenge = (nonce: string): string => `WWW-Authenticate: Digest realm="r", nonce="${nonce}"`;
      const answer = (headers: string[] = [], body = ''): void => {
        if (d.last()?.method === asksFrom && d.last()?.header('authorization') === undefined)
          d.answer(401, [challenge('first')]);
        d.answer(200, headers, body);
      };
      d.session.start(d.at.ms);
      answer(['Public: GET_PARAMETER']);
      answer([], h264Sdp);
      d.session.setup([tcp[0]], d.at.ms);
      answer(['Session: 1']);
      answer();
      expect(d.types()).toContain('playing');
      d.session.tick((d.at.ms += 30_000));
      answer();
      for (let i = 0; i < 4; i++) {
        d.session.tick((d.at.ms += 30_000));
        d.answer(401, [challenge(`nonce ${i}`)]);
        expect(d.last()).toMatchObject({ method: 'GET_PARAMETER' });
        expect(d.last()?.header('authorization')).toContain(`nonce="nonce ${i}"`);
        d.answer(200);
      }
    },
  );

  it('ends when the camera forgot the session', () => {
    const d = dialogue();
    playing(d);
    d.session.tick((d.at.ms += 30_000));
    expect(() => d.answer(454)).toThrow(expect.objectContaining({ code: 'ended' }));
  });
});

describe('the rest of a session', () => {
  it('answers the requests of the camera', () => {
    const d = dialogue();
    playing(d);
    d.receive(
      'OPTIONS * RTSP/1.0\r\nCSeq: 5\r\n\r\nGET_PARAMETER * RTSP/1.0\r\nCSeq: 6\r\n\r\nRECORD * RTSP/1.0\r\nCSeq: 7\r\n\r\n',
    );
    expect(d.answers).toEqual(['200', '200', '501']);
    d.receive('TEARDOWN * RTSP/1.0\r\nCSeq: 8\r\n\r\n');
    expect(d.types().at(-1)).toBe('ended');
  });

  it('says goodbye once, and only to a session that exists', () => {
    const idle = dialogue();
    idle.session.start(0);
    idle.session.teardown(0);
    expect(idle.last()?.method).toBe('OPTIONS');
    const d = dialogue();
    playing(d);
    d.session.teardown(d.at.ms);
    d.session.teardown(d.at.ms);
    expect(d.sent.filter(({ method }) => method === 'TEARDOWN')).toHaveLength(1);
    expect(d.last()).toMatchObject({ url: 'rtsp://cam/live/' });
  });

  it('never sends the password in clear when Digest is offered', () => {
    const d = dialogue();
    d.session.start(d.at.ms);
    d.answer(200);
    d.answer(401, [
      'WWW-Authenticate: Basic realm="r", Digest realm="r", nonce="1", algorithm=SHA-256, qop="auth"',
    ]);
    expect(d.last()?.header('authorization')).toMatch(/^Digest .*algorithm=SHA-256.*qop=auth, nc=00000001/);
  });
});

describe('a camera that means harm', () => {
  const password = 'sec"ret-p\u00e4ssphrase';
  const target = parseRtspUrl(`rtsp://admin:${encodeURIComponent(password)}@cam/live?token=query-secret`);
  const secrets = [password, Buffer.from(`admin:${password}`).toString('base64'), 'query-secret'];
  const maxAttempts = 3;

  type Step =
    | { readonly type: 'wait'; readonly ms: number }
    | { readonly type: 'bytes'; readonly text: (cseq: string, method: string, transport: string) => string };

  const header = fc.constantFrom(
    'Session: 77;timeout=4',
    'Session: 78',
    'Session: ;',
    'Transport: RTP/AVP/TCP;unicast;interleaved=4-5',
    'Transport: RTP/AVP;unicast;server_port=1-2',
    'WWW-Authenticate: Basic realm="a"',
    'WWW-Authenticate: Digest realm="a", nonce="n1"',
    'WWW-Authenticate: Digest realm="b", nonce="n2", stale=true, qop="auth"',
    'Location: rtsp://elsewhere/live',
    'Content-Base: rtsp://cam/a b',
    'Content-Base: //x@y/\u0007',
    'Public: GET_PARAMETER',
    ...secrets.map((secret) => `X-Echo: ${secret}`),
  );
  const reason = fc.constantFrom('OK', '', ...secrets, ...secrets.map((secret) => 'x'.repeat(50) + secret));
  const status = fc.constantFrom(100, 200, 200, 302, 401, 401, 401, 404, 454, 461, 503);
  const good = fc.constant<Step>({
    type: 'bytes',
    text(cseq, method, transport) {
      const body = method === 'DESCRIBE' ? withAudio : '';
      const fields = [`CSeq: ${cseq}`, 'Session: 77', `Content-Length: ${body.length}`];
      if (method === 'SETUP') fields.push(`Transport: ${transport}`);
      return `RTSP/1.0 200 OK\r\n${fields.join('\r\n')}\r\n\r\n${body}`;
    },
  });
  const odd = fc
    .record({
      status,
      reason,
      headers: fc.array(header, { maxLength: 4 }),
      body: fc.constantFrom('', h264Sdp, withAudio, 'm=video x', ...secrets.map((secret) => `m=${secret}`)),
      cseq: fc.constantFrom('right', 'right', 'right', 'wrong', 'none'),
    })
    .map(({ status, reason, headers, body, cseq }): Step => ({
      type: 'bytes',
      text(right) {
        const fields = [...headers, `Content-Length: ${Buffer.byteLength(body)}`];
        if (cseq !== 'none') fields.push(`CSeq: ${cseq === 'right' ? right : '99'}`);
        return `RTSP/1.0 ${status} ${reason}\r\n${fields.join('\r\n')}\r\n\r\n${body}`;
      },
    }));
  const own = fc
    .tuple(fc.constantFrom('OPTIONS', 'TEARDOWN', 'REDIRECT'), fc.constantFrom('1', '1\r2', 'x'.repeat(300)))
    .map(([method, cseq]): Step => ({
      type: 'bytes',
      text: () => `${method} rtsp://relay/ RTSP/1.0\r\nCSeq: ${cseq}\r\n\r\n`,
    }));
  const frame = fc
    .integer({ min: 0, max: 127 })
    .map((channel): Step => ({ type: 'bytes', text: () => `$${String.fromCharCode(channel)}\0\u0003abc` }));
  const garbage = fc
    .constantFrom('\r\n', '!', 'RTSP/1.0 abc\r\n\r\n', ...secrets)
    .map((text): Step => ({ type: 'bytes', text: () => text }));
  const wait = fc.integer({ min: 0, max: 12_000 }).map((ms): Step => ({ type: 'wait', ms }));
  const step = fc.oneof(
    { weight: 10, arbitrary: good },
    { weight: 5, arbitrary: odd },
    { weight: 1, arbitrary: own },
    { weight: 1, arbitrary: frame },
    { weight: 1, arbitrary: garbage },
    { weight: 2, arbitrary: wait },
  );

  /** What was said to the camera and what was told, whether its words come whole or in pieces of so many bytes. */
  function converse(steps: readonly Step[], pieceBytes: number) {
    const told: RtspSessionEvent[] = [];
    const texts: string[] = [];
    const frames: string[] = [];
    const requests: { method: string; cseq: string; transport: string }[] = [];
    const camera = new RtspParser({
      onInterleaved: () => undefined,
      onRequest: ({ method, headers }) =>
        requests.push({
          method,
          cseq: headers.get('cseq') ?? '',
          transport: headers.get('transport') ?? '',
        }),
      onResponse: () => answers++,
    });
    let answers = 0;
    let nowMs = 0;
    const session: RtspSession = new RtspSession({
      target,
      userAgent: 'Sightline',
      cnonce: () => 'cnonce',
      emit(event) {
        if (event.type !== 'send') {
          told.push(event);
          if (event.type === 'described') session.setup(tcp.slice(0, event.tracks.length), nowMs);
          return;
        }
        texts.push(event.text);
        const before = requests.length + answers;
        const bytes = Buffer.from(event.text);
        expect(() => camera.push(bytes, 0, bytes.length)).not.toThrow();
        // Nothing that the camera said makes two messages of one, or half of one.
        expect(requests.length + answers).toBe(before + 1);
      },
    });
    const reader = new RtspParser({
      onInterleaved: (channel, buffer, start, end) =>
        frames.push(`${channel} ${Buffer.from(buffer.subarray(start, end)).toString('hex')}`),
      onResponse: (response) => session.handleResponse(response, nowMs),
      onRequest: (request) => session.handleRequest(request),
    });
    let error: unknown;
    try {
      session.start(nowMs);
      for (const step of steps) {
        if (step.type === 'wait') {
          session.tick((nowMs += step.ms));
          continue;
        }
        const last = requests.at(-1);
        const bytes = Buffer.from(step.text(last?.cseq ?? '', last?.method ?? '', last?.transport ?? ''));
        for (let at = 0; at < bytes.length; at += pieceBytes)
          reader.push(bytes, at, Math.min(bytes.length, at + pieceBytes));
      }
      session.teardown(nowMs);
    } catch (thrown) {
      error = thrown;
    }
    return { told, texts, frames, requests, answers, error };
  }

  it('gets a bounded number of sound requests, no secret out, and the same session however it cuts its words', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), fc.integer({ min: 1, max: 40 }), (steps, pieceBytes) => {
        const whole = converse(steps, Number.MAX_SAFE_INTEGER);
        expect(converse(steps, pieceBytes)).toEqual(whole);
        const { told, texts, requests, error } = whole;

        // OPTIONS, DESCRIBE, SETUP twice, PLAY, TEARDOWN; a keep-alive for each wait.
        const waits = steps.filter(({ type }) => type === 'wait').length;
        expect(requests.length).toBeLessThanOrEqual((5 + waits) * maxAttempts + 1);
        for (const text of texts) expect(text).not.toContain(password);

        const order = told.map(({ type }) => type).filter((type) => type !== 'round-trip');
        expect(order.join(' ')).toMatch(
          /^(redirected|(described( track-ready){0,2}( playing)?)?)?( ?ended)*$/,
        );
        if (error === undefined) return;
        if (!(error instanceof SourceError || error instanceof ProtocolError)) throw error;
        const message = redactor(target)(error.message);
        expect(message.length).toBeLessThan(400);
        for (const secret of secrets)
          for (let at = 0; at + 6 <= secret.length; at++)
            expect(message).not.toContain(secret.slice(at, at + 6));
      }),
      timeBox,
    );
  });
});
