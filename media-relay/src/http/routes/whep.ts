// WHEP: draft-ietf-wish-whep, which takes most of its rules from WHIP (RFC 9725). No trickling is needed (the relay is
// ICE-lite and learns addresses from checks), no STUN or TURN servers are named in Link, ICE restarts are refused with 422
// (RFC 9725 4.3.3), counter-offers (406) are not made.
import type { OfferResult } from '../../engine/messages.ts';
import { ProtocolError } from '../../media/protocol-error.ts';
import { withoutCredentials } from '../../telemetry/events.ts';
import { parseTrickleFragment, restartOf } from '../../webrtc/trickle.ts';
import type { TrickleFragment } from '../../webrtc/trickle.ts';
import type { HttpDeps } from '../deps.ts';
import { HttpProblem } from '../errors.ts';
import { readBody, readQuery } from '../input.ts';
import type { Exchange, Route } from '../route.ts';
import { offerQuerySchema, qualityWishSchema, sessionQualitySchema } from '../schemas.ts';
import { sendJson } from '../send-json.ts';
import type { KnownSession, SessionRegistry } from '../session-registry.ts';

const view = { permission: 'view', scope: 'stream' } as const;

export function whepRoutes({ engine, log }: HttpDeps, sessions: SessionRegistry): Route[] {
  async function offer(exchange: Exchange): Promise<void> {
    const { response } = exchange;
    const stream = exchange.param('stream');
    const { quality, width, height } = readQuery(offerQuerySchema, exchange.query);
    const tile = width === undefined || height === undefined ? undefined : { width, height };
    const sdp = exchange.text();
    const result = await engine.offer(stream, sdp, { quality, tile });
    if (!result.ok) throw refusal(result);

    const session = sessions.add(result.sessionId, stream, sdp);
    const { name: by, user } = exchange.principal;
    // A session's id lets its holder end the session: a part of it tells two apart as well.
    log.info({ stream, session: session.id.slice(0, 8), by, user }, 'viewer offered');
    if (response.destroyed) return engine.closeSession(session.id);
    // Relative to .../whep/{stream}, so it holds behind any prefix (Grafana's data source proxy rewrites no Location).
    response
      .status(201)
      .set({ Location: `${stream}/${session.id}`, ETag: session.etag, 'Accept-Patch': patchType });
    sendText(exchange, 'application/sdp', result.sdp);
  }

  function patch(exchange: Exchange): void {
    const session = find(exchange);
    const ifMatch = exchange.request.headers['if-match'];
    const fragment = readFragment(exchange.text());
    if (session.ufrag !== undefined && restartOf(fragment, session.ufrag) !== undefined)
      throw new HttpProblem('restart-unsupported', 'Delete the session and make a new offer.');
    if (ifMatch !== undefined && ifMatch !== '*' && ifMatch !== session.etag)
      throw new HttpProblem('precondition-failed', 'If-Match does not name the current ICE session.');
    exchange.response.status(204).end();
  }

  async function setQuality(exchange: Exchange): Promise<void> {
    const session = find(exchange);
    const wish = readBody(qualityWishSchema, exchange.json());
    const quality = await engine.sessionQuality(session.id, wish);
    if (quality === undefined) throw sessions.withoutAnswer(session.id);
    const { wanted, playing, switchingTo = null, reason = null } = quality;
    sendJson(exchange.response, { wanted, playing, switchingTo, reason });
  }

  function remove(exchange: Exchange): void {
    const session = find(exchange);
    sessions.remove(session.id);
    engine.closeSession(session.id);
    exchange.response.status(200).end();
  }

  function find(exchange: Exchange): KnownSession {
    const session = sessions.get(exchange.param('session'));
    if (session === undefined || session.stream !== exchange.param('stream'))
      throw new HttpProblem('session-not-found', 'It may have ended.');
    return session;
  }

  return [
    {
      id: 'offer',
      method: 'POST',
      path: '/api/v1/whep/{stream}',
      needs: view,
      summary: 'Watch a stream: send an SDP offer, get the answer',
      query: offerQuerySchema,
      body: { kind: 'sdp' },
      answers: {
        201: {
          description: 'The SDP answer',
          type: 'application/sdp',
          headers: {
            Location: 'The session, relative to this address',
            ETag: 'The ICE session',
            'Accept-Patch': patchType,
          },
        },
      },
      problems: [
        'bad-request',
        'offer-malformed',
        'offer-without-video',
        'no-common-codec',
        'stream-not-found',
        'stream-refused',
        'stream-not-ready',
        'over-capacity',
        'shutting-down',
      ],
      handle: offer,
    },
    {
      id: 'patchSession',
      method: 'PATCH',
      path: '/api/v1/whep/{stream}/{session}',
      needs: view,
      summary: 'Trickle ICE candidates: accepted, not needed',
      body: { kind: 'sdp-fragment' },
      answers: { 204: { description: 'Taken' } },
      problems: ['bad-request', 'session-not-found', 'precondition-failed', 'restart-unsupported'],
      handle: patch,
    },
    {
      id: 'setQuality',
      method: 'POST',
      path: '/api/v1/whep/{stream}/{session}/quality',
      needs: view,
      summary: 'Choose between the main stream and the substream, or tell the size of the tile; {} only asks',
      body: { kind: 'json', schema: qualityWishSchema },
      answers: { 200: { description: 'What plays now, and what is to come', schema: sessionQualitySchema } },
      problems: ['bad-request', 'session-not-found', 'stream-not-ready'],
      handle: setQuality,
    },
    {
      id: 'endSession',
      method: 'DELETE',
      path: '/api/v1/whep/{stream}/{session}',
      needs: view,
      summary: 'Stop watching',
      answers: { 200: { description: 'Ended' } },
      problems: ['session-not-found'],
      handle: remove,
    },
  ];
}

const patchType = 'application/trickle-ice-sdpfrag';

/** Without the charset that Express appends: SDP is always UTF-8 and some clients compare the type as a whole. */
function sendText({ response }: Exchange, type: string, text: string): void {
  const body = Buffer.from(text);
  response.setHeader('Content-Type', type);
  response.setHeader('Content-Length', body.length);
  response.setHeader('Cache-Control', 'no-store');
  response.end(body);
}

function readFragment(text: string): TrickleFragment {
  try {
    return parseTrickleFragment(text);
  } catch (error) {
    if (error instanceof ProtocolError) throw new HttpProblem('bad-request', error.message, { cause: error });
    throw error;
  }
}

function refusal(result: OfferResult & { ok: false }): HttpProblem {
  return new HttpProblem(result.code, withoutCredentials(result.message), {
    retryAfterSeconds: result.retryAfterSeconds,
    reason: result.reason,
  });
}
