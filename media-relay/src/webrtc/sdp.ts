// RFC 8866 (SDP), the line layer only: which line is what and where. What lines mean is in offer.ts and trickle.ts.
// Lines may end in CRLF or LF. Not implemented: other charsets, encryption (k=), repeat times.
import { excerpt, ProtocolError } from '../media/protocol-error.ts';

export const maxSdpCharacters = 64 * 1024;
export const maxSdpLines = 2000;
/** The answer repeats every m= line, so their number is bounded too. */
export const maxSdpSections = 64;

export interface SdpLine {
  /** Counted from 1, for messages. */
  readonly number: number;
  /** The letter in front of "=". */
  readonly type: string;
  readonly value: string;
}

export interface SdpSection {
  /** The m= line. */
  readonly media: SdpLine;
  /** The lines below it. */
  readonly lines: readonly SdpLine[];
}

export interface SdpDocument {
  readonly session: readonly SdpLine[];
  readonly sections: readonly SdpSection[];
}

/** One `a=name:value` or `a=name` line, taken apart. */
export interface SdpAttribute {
  readonly line: number;
  readonly name: string;
  readonly value: string;
}

/** Throws ProtocolError ('SDP_TOO_LONG', 'SDP_TOO_MANY_LINES', 'SDP_TOO_MANY_SECTIONS', 'SDP_BAD_LINE'). */
export function parseSdpLines(text: string): SdpDocument {
  if (text.length > maxSdpCharacters) {
    throw new ProtocolError(
      'SDP_TOO_LONG',
      `SDP has ${text.length} characters; at most ${maxSdpCharacters} are read`,
    );
  }
  const rows = text.split('\n');
  if (rows.length - 1 > maxSdpLines) {
    throw new ProtocolError(
      'SDP_TOO_MANY_LINES',
      `SDP has ${rows.length - 1} lines; at most ${maxSdpLines} are read`,
    );
  }
  const session: SdpLine[] = [];
  const sections: { media: SdpLine; lines: SdpLine[] }[] = [];
  for (const [index, row] of rows.entries()) {
    const content = row.endsWith('\r') ? row.slice(0, -1) : row;
    if (content === '' && isBlankFrom(rows, index)) break;
    const line = toLine(content, index + 1);
    if (line.type === 'm') {
      if (sections.length === maxSdpSections) {
        throw new ProtocolError(
          'SDP_TOO_MANY_SECTIONS',
          `SDP line ${line.number}: more than ${maxSdpSections} m= sections`,
        );
      }
      sections.push({ media: line, lines: [] });
    } else {
      (sections.at(-1)?.lines ?? session).push(line);
    }
  }
  return { session, sections };
}

/** The attributes among some lines, in their order. */
export function attributesOf(lines: readonly SdpLine[]): SdpAttribute[] {
  const attributes: SdpAttribute[] = [];
  for (const line of lines) {
    if (line.type !== 'a') continue;
    const colon = line.value.indexOf(':');
    attributes.push(
      colon < 0
        ? { line: line.number, name: line.value, value: '' }
        : { line: line.number, name: line.value.slice(0, colon), value: line.value.slice(colon + 1) },
    );
  }
  return attributes;
}

/** The only attribute of that name, or undefined. Throws ProtocolError 'SDP_DUPLICATE_ATTRIBUTE' for a second one. */
export function onlyAttribute(attributes: readonly SdpAttribute[], name: string): SdpAttribute | undefined {
  const found = attributes.filter((attribute) => attribute.name === name);
  const second = found[1];
  if (second)
    throw sdpError('SDP_DUPLICATE_ATTRIBUTE', second.line, `a=${name} a second time`, shown(second));
  return found[0];
}

/** What a message may show of an attribute's value: all but a password. */
export function shown({ name, value }: SdpAttribute): string {
  return name === 'ice-pwd' ? `${value.length} characters` : value;
}

/** An error that says where (line, counted from 1), what field, and the offending value. */
export function sdpError(code: string, line: number, field: string, value: string): ProtocolError {
  return new ProtocolError(code, `SDP line ${line}: ${field}: "${excerpt(value)}"`);
}

/** A decimal integer without sign or leading blanks; undefined when it is not one or lies outside. */
export function parseInteger(text: string | undefined, min: number, max: number): number | undefined {
  if (text === undefined || !/^\d{1,15}$/.test(text)) return undefined;
  const value = Number(text);
  return value >= min && value <= max ? value : undefined;
}

function isBlankFrom(rows: readonly string[], index: number): boolean {
  return rows.slice(index).every((row) => row === '' || row === '\r');
}

function toLine(content: string, number: number): SdpLine {
  // eslint-disable-next-line no-control-regex -- NUL, CR and other controls are what must not get through
  if (!/^[a-z]=[^\x00-\x08\x0a-\x1f\x7f]*$/.test(content)) {
    throw sdpError('SDP_BAD_LINE', number, 'not <letter>=<value>', content.replace(/(ice-pwd:).*/s, '$1...'));
  }
  return { number, type: content.charAt(0), value: content.slice(2) };
}
