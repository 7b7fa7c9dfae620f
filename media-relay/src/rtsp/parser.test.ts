import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ProtocolError } from '../media/protocol-error.ts';
import { timeBox } from '../testing/time-box.ts';
import type { RtspRequest, RtspResponse } from './message.ts';
import { maxHeaderBytes, RtspParser } from './parser.ts';

type Seen =
  | { frame: number; bytes: string; isInPlace: boolean }
  | { status: number; reason: string; headers: [string, string][]; body: string }
  | { method: string; url: string; body: string };

function watch(): { seen: Seen[]; push: (data: string | Uint8Array, chunkBytes?: number) => void } {
  const seen: Seen[] = [];
  let current: Uint8Array | undefined;
  const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');
  const parser = new RtspParser({
    onInterleaved(channel, buffer, start, end) {
      seen.push({ frame: channel, bytes: text(buffer.subarray(start, end)), isInPlace: buffer === current });
    },
    onResponse({ status, reason, headers, body }: RtspResponse) {
      seen.push({ status, reason, headers: headers.entries.map(([k, v]) => [k, v]), body: text(body) });
    },
    onRequest({ method, url, body }: RtspRequest) {
      seen.push({ method, url, body: text(body) });
    },
  });
  return {
    seen,
    push(data, chunkBytes = Number.MAX_SAFE_INTEGER) {
      const bytes = typeof data === 'string' ? Buffer.from(data, 'latin1') : data;
      for (let at = 0; at < bytes.length; at += chunkBytes) {
        // A fresh buffer of its own offset each time, so that an address mixed up with an offset shows.
        current = Buffer.concat([
          Buffer.from('xyz'),
          bytes.subarray(at, at + chunkBytes),
          Buffer.from('$$$'),
        ]);
        parser.push(current, 3, current.length - 3);
      }
    },
  };
}

function frame(channel: number, payload: string | Uint8Array): Buffer {
  const head = Buffer.from([0x24, channel, payload.length >> 8, payload.length & 0xff]);
  return Buffer.concat([head, typeof payload === 'string' ? Buffer.from(payload, 'latin1') : payload]);
}

function codeOf(data: string | Uint8Array, chunkBytes?: number): string {
  try {
    watch().push(data, chunkBytes);
  } catch (error) {
    if (error instanceof ProtocolError) return error.code;
    throw error;
  }
  return 'accepted';
}

describe('messages', () => {
  it('reads a response with a body and leaves what follows', () => {
    const { seen, push } = watch();
    push(
      'RTSP/1.0 200 OK\r\nCSeq: 1\r\nContent-Length: 4\r\n\r\nv=0\nRTSP/1.0 404 Not Found\r\nCSeq:2\r\n\r\n',
    );
    expect(seen).toEqual([
      {
        status: 200,
        reason: 'OK',
        headers: [
          ['cseq', '1'],
          ['content-length', '4'],
        ],
        body: 'v=0\n',
      },
      { status: 404, reason: 'Not Found', headers: [['cseq', '2']], body: '' },
    ]);
  });

  it('accepts LF line ends, odd header case, folded lines, blank lines between messages and no reason', () => {
    const { seen, push } = watch();
    push('\r\n\r\n\nRTSP/1.1 200\ncSEQ :  7 \nX-Long: a\n  b\n\n\r\n\n');
    expect(seen).toEqual([
      {
        status: 200,
        reason: '',
        headers: [
          ['cseq', '7'],
          ['x-long', 'a b'],
        ],
        body: '',
      },
    ]);
  });

  it('reads requests of the server', () => {
    const { seen, push } = watch();
    push('GET_PARAMETER rtsp://a/b RTSP/1.0\r\nCSeq: 3\r\nContent-Length: 2\r\n\r\nhi');
    expect(seen).toEqual([{ method: 'GET_PARAMETER', url: 'rtsp://a/b', body: 'hi' }]);
  });

  it.each([
    [
      'a length that is not digits',
      'RTSP/1.0 200 OK\r\nContent-Length: -1\r\n\r\n',
      'RTSP_BAD_CONTENT_LENGTH',
    ],
    ['a hexadecimal length', 'RTSP/1.0 200 OK\r\nContent-Length: 0x10\r\n\r\n', 'RTSP_BAD_CONTENT_LENGTH'],
    [
      'two lengths',
      'RTSP/1.0 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n',
      'RTSP_BAD_CONTENT_LENGTH',
    ],
    ['a huge length', 'RTSP/1.0 200 OK\r\nContent-Length: 999999999\r\n\r\n', 'RTSP_BODY_TOO_LONG'],
    ['another protocol', 'HTTP/1.1 400 Bad Request\r\n\r\n', 'RTSP_BAD_START_LINE'],
    ['a status of two digits', 'RTSP/1.0 20 OK\r\n\r\n', 'RTSP_BAD_START_LINE'],
    ['a header without a name', 'RTSP/1.0 200 OK\r\n: x\r\n\r\n', 'RTSP_BAD_HEADER'],
    ['a line without a colon', 'RTSP/1.0 200 OK\r\nnonsense\r\n\r\n', 'RTSP_BAD_HEADER'],
    ['101 headers', `RTSP/1.0 200 OK\r\n${'a: b\r\n'.repeat(101)}\r\n`, 'RTSP_TOO_MANY_HEADERS'],
    ['headers without end', `RTSP/1.0 200 OK\r\n${'a: bcdefghij\r\n'.repeat(6000)}`, 'RTSP_HEADERS_TOO_LONG'],
    ['a binary byte', '\x00', 'RTSP_BAD_BYTE'],
  ])('rejects %s', (_, text, code) => {
    expect(codeOf(text)).toBe(code);
    expect(codeOf(text, 1000)).toBe(code);
  });

  it('accepts exactly 100 headers, and a block just short of the limit', () => {
    expect(codeOf(`RTSP/1.0 200 OK\r\n${'a: b\r\n'.repeat(100)}\r\n`)).toBe('accepted');
    const start = 'RTSP/1.0 200 OK\r\nX: ';
    expect(codeOf(`${start}${'x'.repeat(maxHeaderBytes - start.length - 4)}\r\n\r\n`)).toBe('accepted');
    expect(codeOf(`${start}${'x'.repeat(maxHeaderBytes - start.length - 3)}\r\n\r\n`)).toBe(
      'RTSP_HEADERS_TOO_LONG',
    );
  });

  it('stays dead after an error', () => {
    const { push } = watch();
    expect(() => push('\x01')).toThrow('byte 0x01 starts neither');
    expect(() => push('RTSP/1.0 200 OK\r\n\r\n')).toThrow('after a protocol error');
  });
});

describe('interleaved frames', () => {
  it('hands whole frames on inside the read buffer, without a copy', () => {
    const { seen, push } = watch();
    push(Buffer.concat([frame(0, 'abc'), frame(1, ''), frame(255, 'z')]));
    expect(seen).toEqual([
      { frame: 0, bytes: 'abc', isInPlace: true },
      { frame: 1, bytes: '', isInPlace: true },
      { frame: 255, bytes: 'z', isInPlace: true },
    ]);
  });

  it('carries a split frame over and returns to the read buffer behind it', () => {
    const { seen, push } = watch();
    const bytes = Buffer.concat([frame(0, 'abcdef'), frame(0, 'ghi')]);
    push(bytes.subarray(0, 2));
    push(bytes.subarray(2, 6));
    push(bytes.subarray(6));
    expect(seen).toEqual([
      { frame: 0, bytes: 'abcdef', isInPlace: false },
      { frame: 0, bytes: 'ghi', isInPlace: true },
    ]);
  });

  it('finds frames before, between and right behind messages', () => {
    const { seen, push } = watch();
    push(
      Buffer.concat([
        frame(0, 'RTSP/1.0 999'),
        Buffer.from('RTSP/1.0 200 OK\r\nContent-Length: 1\r\n\r\n$'),
        frame(2, 'x'),
        Buffer.from('\r\n'),
        frame(2, 'y'),
      ]),
    );
    expect(seen.map((item) => ('frame' in item ? item.bytes : 'status' in item && item.body))).toEqual([
      'RTSP/1.0 999',
      '$',
      'x',
      'y',
    ]);
  });

  it('does not go looking for the next frame behind garbage', () => {
    expect(codeOf(Buffer.concat([frame(0, 'a'), Buffer.from([0x80]), frame(0, 'b')]))).toBe('RTSP_BAD_BYTE');
  });

  it('takes the largest frame', () => {
    const { seen, push } = watch();
    push(frame(3, new Uint8Array(65_535)), 1400);
    expect(seen).toHaveLength(1);
  });
});

const itemArbitrary = fc.oneof(
  fc
    .tuple(fc.nat(255), fc.uint8Array({ maxLength: 300 }))
    .map(([channel, payload]) => frame(channel, payload)),
  fc
    .tuple(
      fc.uint8Array({ maxLength: 200 }),
      fc.constantFrom('\r\n', '\n'),
      fc.constantFrom('', '\r\n', '\n\n'),
    )
    .map(([body, eol, tail]) =>
      Buffer.concat([
        Buffer.from(`RTSP/1.0 200 OK${eol}CSeq: 5${eol}content-length: ${body.length}${eol}${eol}`),
        body,
        Buffer.from(tail),
      ]),
    ),
);

describe('properties', () => {
  it('sees the same however the stream is cut', () => {
    fc.assert(
      fc.property(
        fc.array(itemArbitrary, { maxLength: 8 }),
        fc.integer({ min: 1, max: 50 }),
        (items, chunkBytes) => {
          const stream = Buffer.concat(items);
          const [whole, cut] = [watch(), watch()];
          whole.push(stream);
          cut.push(stream, chunkBytes);
          const plain = (seen: Seen[]): unknown[] => seen.map((item) => ({ ...item, isInPlace: undefined }));
          expect(plain(cut.seen)).toEqual(plain(whole.seen));
          expect(whole.seen).toHaveLength(items.length);
        },
      ),
      timeBox,
    );
  });

  it('turns any bytes into messages or a ProtocolError', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 600 }),
      fc
        .array(
          fc.constantFrom(
            'RTSP/1.0 200 OK',
            '\r\n',
            '\n',
            ':',
            'Content-Length: ',
            '3',
            '-',
            '$',
            '\0',
            ' ',
            'A',
          ),
        )
        .map((parts) => Buffer.from(parts.join(''))),
    );
    fc.assert(
      fc.property(bytes, fc.integer({ min: 1, max: 64 }), (data, chunkBytes) => {
        expect(codeOf(data, chunkBytes)).toMatch(/^(accepted|RTSP_[A-Z_]+)$/);
      }),
      timeBox,
    );
  });
});
