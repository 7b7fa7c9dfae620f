/** Which streams a query means. Pure. */
import type { RelayStream } from '../relay/relay-streams.ts';

export type StreamFilter = (stream: RelayStream) => boolean;

/**
 * `names`: patterns separated by commas (`lobby-*`); Grafana's own form of several values, `{a,b}`, is one of them.
 * `labels`: `key=pattern`, separated by commas, all of which must hold; `key={a,b}` for either. An empty text holds for every stream.
 */
export function streamFilter(names: string, labels: string): StreamFilter {
  const patterns = parts(names.replaceAll(/[{}()]/g, '').replaceAll('|', ',')).map(matcher);
  const wanted = parts(labels, betweenLabels).map((part) => {
    const at = part.indexOf('=');
    const key = (at < 0 ? part : part.slice(0, at)).trim();
    const pattern = at < 0 ? '*' : unquoted(part.slice(at + 1).trim());
    const either = alternatives(pattern).map(matcher);
    return { key, matches: (label: string) => either.some((matches) => matches(label)) };
  });
  return (stream) =>
    (patterns.length === 0 || patterns.some((matches) => matches(stream.name))) &&
    wanted.every(({ key, matches }) => {
      const label = labelOf(stream, key);
      return label !== undefined && matches(label);
    });
}

/** `site` and `title` may be asked for like labels. */
export function labelOf(stream: RelayStream, key: string): string | undefined {
  if (Object.hasOwn(stream.labels, key)) return stream.labels[key];
  if (key === 'site') return stream.site;
  if (key === 'title') return stream.title;
  if (key === 'state') return stream.state;
  return undefined;
}

/** Commas, but for those within `{a,b}`. */
const betweenLabels = /,(?![^{}]*\})/;

function alternatives(pattern: string): string[] {
  return /^\{.*\}$/.test(pattern) ? parts(pattern.slice(1, -1)) : [pattern];
}

function parts(text: string, between: string | RegExp = ','): string[] {
  return text
    .split(between)
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

function unquoted(text: string): string {
  return /^(["']).*\1$/.test(text) ? text.slice(1, -1) : text;
}

/** Piece after piece, each at its first place: an expression would try all places of all pieces. */
function matcher(pattern: string): (text: string) => boolean {
  const [first = '', ...rest] = pattern.split(/\*+/);
  const last = rest.pop();
  if (last === undefined) return (text) => text === pattern;
  return (text) => {
    if (text.length < first.length + last.length || !text.startsWith(first) || !text.endsWith(last))
      return false;
    const end = text.length - last.length;
    let at = first.length;
    for (const piece of rest) {
      const found = text.indexOf(piece, at);
      if (found < 0 || found + piece.length > end) return false;
      at = found + piece.length;
    }
    return true;
  };
}
