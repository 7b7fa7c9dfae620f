import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** Headers that say that somebody else's request was passed on; Prometheus and curl send none of them. */
const forwarded = /^(via|forwarded|x-forwarded.*|x-real-.*|x-original.*|x-grafana.*|cf-.*|proxy-connection)$/;

/**
 * Who may read: with a token, whoever presents it; without one, whoever asks from this host by a loopback name and is no page of
 * another site (DNS rebinding) nor behind a proxy. Returns why not, as a sentence, or undefined.
 */
export function whyRefused(
  { headers, socket }: Pick<IncomingMessage, 'headers' | 'socket'>,
  token: string | undefined,
): string | undefined {
  if (token !== undefined) {
    const presented =
      /^bearer +(\S{1,512})$/i.exec(headers.authorization ?? '')?.[1] ?? headers['x-sightline-token'];
    if (typeof presented !== 'string')
      return 'Send the token as "Authorization: Bearer" or "X-Sightline-Token".';
    return isSame(presented, token) ? undefined : 'The token is not the right one.';
  }
  if (!isLoopback(socket.remoteAddress)) return 'Without a token only this host may read.';
  if (!/^(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?$/i.test(headers.host ?? ''))
    return 'Without a token, Host must be a loopback name.';
  if (headers.origin !== undefined || Object.keys(headers).some((name) => forwarded.test(name)))
    return 'Without a token the request must come straight from this host.';
  return undefined;
}

export function isLoopback(address: string | undefined): boolean {
  return (
    address === '::1' || address === 'localhost' || /^(::ffff:)?127\.\d+\.\d+\.\d+$/i.test(address ?? '')
  );
}

/** In the same time whatever differs: hashes are of one length. */
function isSame(a: string, b: string): boolean {
  return timingSafeEqual(sha256(a), sha256(b));
}

function sha256(text: string): Uint8Array {
  return createHash('sha256').update(text).digest();
}
