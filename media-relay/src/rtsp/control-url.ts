// Which URL names a session and each of its tracks: RFC 2326 appendix C.1.1, as cameras really use it.

import { excerpt, ProtocolError } from '../media/protocol-error.ts';
import type { RtspHeaders } from './message.ts';

const absolute = /^rtsps?:\/\//i;

/** Content-Base, else Content-Location, else the URL that was asked for; never with user information. */
export function baseUrl(headers: RtspHeaders, requestUrl: string): string {
  const named = headers.get('content-base') ?? headers.get('content-location');
  if (named === undefined || named === '') return requestUrl;
  if (absolute.test(named)) return checked(withoutUserInformation(named));
  return checked(URL.parse(named, requestUrl)?.href ?? requestUrl);
}

/**
 * A `*` or missing control attribute is the base itself; an absolute one is itself; anything else is appended, behind a
 * query string too, because that is where cameras that answer with one look for it.
 */
export function resolveControl(base: string, control: string | undefined): string {
  if (control === undefined || control === '' || control === '*') return checked(base);
  if (absolute.test(control)) return checked(withoutUserInformation(control));
  const path = pathOf(base);
  if (control.startsWith('/') && path !== '/' && control.startsWith(path)) {
    return checked(base.slice(0, base.indexOf('/', base.indexOf('//') + 2)) + control);
  }
  const separator = base.endsWith('/') || control.startsWith('?') ? '' : '/';
  return checked(base + separator + (control.startsWith('/') ? control.slice(1) : control));
}

function pathOf(url: string): string {
  return /^rtsps?:\/\/[^/?]*(\/[^?]*)/i.exec(url)?.[1] ?? '/';
}

function withoutUserInformation(url: string): string {
  return url.replace(/^(rtsps?:\/\/)[^/?#]*@/i, '$1');
}

/** A URL goes into a request line: a space or line break in it would make another request of it. */
function checked(url: string): string {
  if (/[\s\p{Cc}]/u.test(url)) throw new ProtocolError('RTSP_BAD_URL', `URL "${excerpt(url)}"`);
  return url;
}
