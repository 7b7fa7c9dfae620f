// Cross-origin requests (Fetch standard, 3.2). Only origins that the configuration names get an answer that their scripts
// may read; there are no cookies, so never credentials. Without configuration: the same origin only.
import type { IncomingMessage, ServerResponse } from 'node:http';

export interface Cors {
  /** To be called for every answer, errors too: the browser hides an error it may not read. */
  apply(request: IncomingMessage, response: ServerResponse): void;
  /** Answers OPTIONS, preflight or not. */
  answerOptions(request: IncomingMessage, response: ServerResponse, methods: readonly string[]): void;
}

const exposedHeaders = 'Location, ETag, Link, Accept-Patch, Retry-After';
const requestHeaders = 'Authorization, Content-Type, If-Match, X-Sightline-Token';
const maxAgeSeconds = 600;

/** Throws Error for `*` and for what is not an origin. */
export function createCors(origins: readonly string[]): Cors {
  for (const origin of origins) {
    const url = URL.canParse(origin) ? new URL(origin) : undefined;
    if (url === undefined || url.origin !== origin || !/^https?:$/.test(url.protocol))
      throw new Error(
        `CORS origin "${origin}": must be a scheme, host and port, as https://grafana.example.org`,
      );
  }
  const known = new Set(origins);

  function apply(request: IncomingMessage, response: ServerResponse): boolean {
    if (known.size > 0) response.appendHeader('Vary', 'Origin');
    const { origin } = request.headers;
    if (origin === undefined || !known.has(origin)) return false;
    response.setHeader('Access-Control-Allow-Origin', origin);
    response.setHeader('Access-Control-Expose-Headers', exposedHeaders);
    return true;
  }

  return {
    apply,
    answerOptions(request, response, methods) {
      if (apply(request, response) && request.headers['access-control-request-method'] !== undefined) {
        response.setHeader('Access-Control-Allow-Methods', methods.join(', '));
        response.setHeader('Access-Control-Allow-Headers', requestHeaders);
        response.setHeader('Access-Control-Max-Age', maxAgeSeconds);
      }
      response.setHeader('Allow', methods.join(', '));
      response.statusCode = 204;
      response.end();
    },
  };
}
