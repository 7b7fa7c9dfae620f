// RTSP URLs (RFC 2326 section 3.2) with user information, and what of them may be shown.

import { excerpt } from '../media/protocol-error.ts';
import { SourceError } from '../sources/source.ts';

export interface Credentials {
  readonly user: string;
  readonly password: string;
}

export interface RtspTarget {
  /** What goes on the wire: no user information, no fragment. */
  readonly requestUrl: string;
  /** Host name or literal address (IPv6 without brackets), as `net.connect` wants it. */
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
  readonly credentials: Credentials | undefined;
  /** For people: no credentials, and none of the secrets that some cameras want in the path or query. */
  readonly label: string;
}

const defaultPort = 554;
const defaultTlsPort = 322;
const maxLocationLength = 4096;
/** Shorter values of a query parameter are no secret, and their removal would make a message illegible. */
const minQuerySecretLength = 4;
/** Fewer characters of a secret before an ellipsis may be anything. */
const minShownBeginning = 3;
/** Secrets that some cameras want in the path or the query: `/user=admin&password=...` and its relatives. */
const secretParameter =
  /((?:user(?:name)?|usr|login|pass(?:word|wd)?|pwd|psw|token|auth\w*|api-?key|key|secret|sig\w*)=)([^&/;#\s]*)/gi;

/** One sentence about what is wrong with the URL, with the remedy and without any part that may be a secret. */
export function rtspUrlProblem(text: string): string | undefined {
  if (!/^rtsps?:\/\//i.test(text)) return 'An RTSP address starts with rtsp:// or rtsps://.';
  if (/[\s\p{Cc}]/u.test(text))
    return 'The address holds a space or control character: write a space as %20.';
  const authority = /^rtsps?:\/\/([^/?#]*)/i.exec(text)?.[1] ?? '';
  if (text.slice(text.indexOf('//') + 2 + authority.length).includes('@')) {
    return 'The address has an "@" after the host: write / ? # in a password as %2F %3F %23, and an @ in a path as %40.';
  }
  const url = URL.parse(text);
  if (url === null)
    return 'The address is not valid: it looks like rtsp://user:password@camera.local:554/path.';
  if (url.hostname === '') return 'The address names no host: it looks like rtsp://camera.local:554/path.';
  if (url.port === '0') return 'Port 0 is not a port: leave it out for 554 (RTSPS: 322).';
  return undefined;
}

/** Throws `SourceError` 'unreachable' with the sentence of `rtspUrlProblem`. */
export function parseRtspUrl(text: string): RtspTarget {
  const problem = rtspUrlProblem(text);
  const url = URL.parse(text);
  if (problem !== undefined || url === null)
    throw new SourceError('unreachable', problem ?? 'not a valid address');
  const tls = url.protocol.toLowerCase() === 'rtsps:';
  const credentials =
    url.username === '' && url.password === ''
      ? undefined
      : { user: percentDecode(url.username), password: percentDecode(url.password) };
  const requestUrl = `${url.protocol}//${url.host}${url.pathname}${url.search}`;
  return {
    requestUrl,
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: url.port === '' ? (tls ? defaultTlsPort : defaultPort) : Number(url.port),
    tls,
    credentials,
    label: withoutSecretParameters(requestUrl),
  };
}

export function withoutSecretParameters(url: string): string {
  return url.replace(secretParameter, '$1***');
}

/**
 * The target of a redirection. Credentials go along only to the same host, and never from TLS to plain text
 * (those that the Location itself names are its own). Throws `SourceError` 'refused-by-peer'.
 */
export function redirectTarget(from: RtspTarget, location: string): RtspTarget {
  const url = location.length > maxLocationLength ? null : URL.parse(location, from.requestUrl);
  if (url === null || rtspUrlProblem(url.href) !== undefined) {
    throw new SourceError(
      'refused-by-peer',
      `${hostAndPort(from)} redirects to something that is not an RTSP address`,
    );
  }
  const target = parseRtspUrl(url.href);
  const sameHost = target.host.toLowerCase() === from.host.toLowerCase();
  const credentials =
    target.credentials ?? (sameHost && (target.tls || !from.tls) ? from.credentials : undefined);
  return { ...target, credentials };
}

export function hostAndPort(target: Pick<RtspTarget, 'host' | 'port'>): string {
  return target.host.includes(':') ? `[${target.host}]:${target.port}` : `${target.host}:${target.port}`;
}

/**
 * Takes the secrets of a target out of any text: the last line of defence for messages that quote a peer, which
 * may well echo what it was sent.
 */
export function redactor(target: RtspTarget): (text: string) => string {
  const { credentials } = target;
  const secrets = new Set<string>();
  if (credentials !== undefined && credentials.password !== '') {
    const { user, password } = credentials;
    for (const secret of [password, encodeURIComponent(password), encodeURI(password)]) secrets.add(secret);
    secrets.add(Buffer.from(`${user}:${password}`).toString('base64'));
    secrets.add(Buffer.from(password).toString('latin1'));
  }
  for (const [, , value = ''] of target.requestUrl.matchAll(secretParameter)) {
    if (value.length >= minQuerySecretLength) secrets.add(value).add(percentDecode(value));
  }
  // As messages show them: what cannot be printed is a dot there.
  const spellings = new Set([...secrets].flatMap((secret) => [secret, excerpt(secret, Infinity)]));
  const longestFirst = [...spellings].sort((a, b) => b.length - a.length);
  return (text) =>
    longestFirst.reduce(
      (shown, secret) => withoutBeginning(shown.replaceAll(secret, '***'), secret),
      withoutSecretParameters(text),
    );
}

/** An excerpt may end within a secret: what there is of it before the ellipsis goes, too. */
function withoutBeginning(text: string, secret: string): string {
  if (!text.includes('\u2026')) return text;
  let shown = text;
  for (let length = secret.length - 1; length >= minShownBeginning; length--)
    shown = shown.replaceAll(`${secret.slice(0, length)}\u2026`, '***\u2026');
  return shown;
}

function percentDecode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
