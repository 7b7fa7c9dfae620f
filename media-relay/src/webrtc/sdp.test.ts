import { describe, expect, test } from 'vitest';
import { maxSdpCharacters, maxSdpLines, maxSdpSections, parseSdpLines } from './sdp.ts';

const head = 'v=0\no=- 1 1 IN IP4 127.0.0.1\ns=-\nt=0 0\n';

describe('parseSdpLines', () => {
  test('counts lines from 1 and parts them into sections, with CRLF and LF alike', () => {
    const text = `${head}a=x\nm=video 9 A 1\na=y:1\nm=audio 9 A 2\n`;
    const parsed = parseSdpLines(text);
    expect(parsed.session.at(-1)).toEqual({ number: 5, type: 'a', value: 'x' });
    expect(parsed.sections).toEqual([
      {
        media: { number: 6, type: 'm', value: 'video 9 A 1' },
        lines: [{ number: 7, type: 'a', value: 'y:1' }],
      },
      { media: { number: 8, type: 'm', value: 'audio 9 A 2' }, lines: [] },
    ]);
    expect(parseSdpLines(text.replaceAll('\n', '\r\n'))).toEqual(parsed);
    expect(parseSdpLines(`${text}\r\n\n`)).toEqual(parsed);
  });

  test.each([
    ['SDP_BAD_LINE', `${head}\na=x\n`, 'line 5'],
    ['SDP_BAD_LINE', `${head}A=x\n`, 'line 5'],
    ['SDP_BAD_LINE', `${head}a=x\0y\n`, 'line 5'],
    ['SDP_BAD_LINE', `${head}a=x\ry\n`, 'line 5'],
    ['SDP_BAD_LINE', 'nonsense', '"nonsense"'],
    ['SDP_TOO_LONG', 'a'.repeat(maxSdpCharacters + 1), String(maxSdpCharacters)],
    ['SDP_TOO_MANY_LINES', 'a=\n'.repeat(maxSdpLines + 1), String(maxSdpLines)],
    ['SDP_TOO_MANY_SECTIONS', 'm=\n'.repeat(maxSdpSections + 1), `line ${maxSdpSections + 1}`],
  ])('%s', (code, text, shown) => {
    expect(() => parseSdpLines(text)).toThrow(expect.objectContaining({ name: 'ProtocolError', code }));
    expect(() => parseSdpLines(text)).toThrow(shown);
  });

  test('takes the largest that it promises', () => {
    expect(parseSdpLines('a=\n'.repeat(maxSdpLines)).session).toHaveLength(maxSdpLines);
    expect(parseSdpLines('m=\n'.repeat(maxSdpSections)).sections).toHaveLength(maxSdpSections);
  });
});
