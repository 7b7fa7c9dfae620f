import { isAllowed } from '../../auth/permissions.ts';
import type { Principal } from '../../auth/permissions.ts';
import type { RenditionSnapshot, StreamSnapshot } from '../../engine/messages.ts';
import type { Clock } from '../../media/clock.ts';
import { toUnixMs, unixNow } from '../../media/clock.ts';
import type { PictureHealth } from '../../pictures/picture-checker.ts';
import { streamWarnings } from '../../stream/states.ts';
import { withoutCredentials } from '../../telemetry/events.ts';
import { configuredStream } from '../configured-stream.ts';
import type { AdminResult, ConfiguredStream, HttpDeps } from '../deps.ts';
import { HttpProblem } from '../errors.ts';
import { readBody } from '../input.ts';
import type { Route } from '../route.ts';
import { requireOnStream } from '../route.ts';
import type { StreamView } from '../schemas.ts';
import { doneSchema, newStreamSchema, streamListSchema, streamSchema } from '../schemas.ts';
import { sendJson } from '../send-json.ts';

export function streamRoutes(deps: HttpDeps): Route[] {
  const { engine, streams, admin, pictures, clock } = deps;

  return [
    {
      id: 'listStreams',
      method: 'GET',
      path: '/api/v1/streams',
      needs: { permission: 'view', scope: 'any' },
      summary: 'The streams that the caller may watch',
      answers: { 200: { description: 'In the order of the configuration', schema: streamListSchema } },
      problems: [],
      handle({ principal, response }) {
        sendJson(response, listStreams(deps, principal));
      },
    },
    {
      id: 'getStream',
      method: 'GET',
      path: '/api/v1/streams/{stream}',
      needs: { permission: 'view', scope: 'stream' },
      summary: 'One stream',
      answers: { 200: { description: 'The stream', schema: streamSchema } },
      problems: ['stream-not-found'],
      handle(exchange) {
        const stream = configuredStream(streams, exchange.param('stream'));
        const snapshot = engine.snapshot()?.streams.find(({ name }) => name === stream.name);
        sendJson(exchange.response, toView(stream, snapshot, pictures.health(stream.name), clock));
      },
    },
    {
      id: 'addStream',
      method: 'POST',
      path: '/api/v1/streams',
      needs: { permission: 'admin', scope: 'any' },
      summary: 'Add a stream until the relay stops',
      body: { kind: 'json', schema: newStreamSchema },
      answers: { 201: { description: 'Added', schema: doneSchema, headers: { Location: 'The stream' } } },
      problems: ['bad-request', 'config-invalid', 'stream-exists'],
      async handle(exchange) {
        const stream = readBody(newStreamSchema, exchange.json());
        requireOnStream(exchange.principal, 'admin', stream.name);
        orThrow(await admin.addStream(stream));
        exchange.response.set('Location', `streams/${stream.name}`);
        sendJson(exchange.response, { ok: true }, 201);
      },
    },
    {
      id: 'removeStream',
      method: 'DELETE',
      path: '/api/v1/streams/{stream}',
      needs: { permission: 'admin', scope: 'stream' },
      summary: 'Remove a stream that was added here',
      answers: { 200: { description: 'Removed', schema: doneSchema } },
      problems: ['stream-not-found', 'stream-from-config'],
      async handle(exchange) {
        const { name } = configuredStream(streams, exchange.param('stream'));
        orThrow(await admin.removeStream(name));
        sendJson(exchange.response, { ok: true });
      },
    },
    {
      id: 'restartStream',
      method: 'POST',
      path: '/api/v1/streams/{stream}/restart',
      needs: { permission: 'admin', scope: 'stream' },
      summary: 'Drop the connection to the camera and connect anew',
      answers: { 202: { description: 'On its way', schema: doneSchema } },
      problems: ['stream-not-found'],
      handle(exchange) {
        const { name } = configuredStream(streams, exchange.param('stream'));
        engine.restartStream(name);
        sendJson(exchange.response, { ok: true }, 202);
      },
    },
    {
      id: 'reloadConfig',
      method: 'POST',
      path: '/api/v1/config/reload',
      needs: { permission: 'admin', scope: 'all' },
      summary: 'Read the configuration again; only changed streams are touched',
      answers: { 200: { description: 'Done', schema: doneSchema } },
      problems: ['config-invalid'],
      async handle({ response }) {
        orThrow(await admin.reload());
        sendJson(response, { ok: true });
      },
    },
  ];
}

/** Those that the principal may view. */
export function listStreams(
  { engine, streams, clock, pictures }: Pick<HttpDeps, 'engine' | 'streams' | 'clock' | 'pictures'>,
  principal: Principal,
): { nowMs: number; streams: StreamView[] } {
  const measured = new Map(engine.snapshot()?.streams.map((snapshot) => [snapshot.name, snapshot]));
  const views = streams
    .list()
    .filter(({ name }) => isAllowed(principal, 'view', { stream: name }))
    .map((stream) => toView(stream, measured.get(stream.name), pictures.health(stream.name), clock));
  return { nowMs: unixNow(clock), streams: views };
}

function orThrow(result: AdminResult): void {
  if (!result.ok) throw new HttpProblem(result.code, withoutCredentials(result.detail));
}

function toPicture(health: PictureHealth, clock: Clock): StreamView['picture'] {
  const { flags, brightness, contrast, sharpness } = health;
  const [pictureMs, checkedMs] = [toUnixMs(health.pictureMs, clock), toUnixMs(health.checkedMs, clock)];
  return { ...flags, brightness, contrast, sharpness, pictureMs, checkedMs };
}

/** A stream that the engine has not reported yet is waiting, not unknown. */
export function toView(
  stream: ConfiguredStream,
  snapshot: StreamSnapshot | undefined,
  health: PictureHealth | undefined,
  clock: Clock,
): StreamView {
  const unixMs = (clockMs: number | undefined): number | null =>
    clockMs === undefined ? null : toUnixMs(clockMs, clock);
  const { name, title, labels, site, origin, onDemand } = stream;
  return {
    name,
    title,
    labels: { ...labels },
    site: site ?? null,
    origin,
    onDemand,
    state: snapshot?.state ?? (onDemand ? 'idle' : 'connecting'),
    stateSinceMs: unixMs(snapshot?.stateSinceMs),
    reason: snapshot?.reason === undefined ? null : withoutCredentials(snapshot.reason),
    reasonCode: snapshot?.reasonCode ?? null,
    warnings: (snapshot?.warnings ?? []).map((code) => ({ code, message: streamWarnings[code] })),
    transport: snapshot?.transport ?? null,
    videoCodec: snapshot?.videoCodec ?? null,
    videoProfile: snapshot?.h264?.profileName ?? null,
    audioCodec: snapshot?.audioCodec ?? null,
    width: snapshot?.h264?.width ?? null,
    height: snapshot?.h264?.height ?? null,
    framesPerSecond: snapshot?.framesPerSecond ?? 0,
    bitrateBps: snapshot?.bitrateBps ?? 0,
    keyFrameIntervalSeconds: snapshot?.keyFrameIntervalSeconds ?? null,
    lastFrameMs: unixMs(snapshot?.lastFrameMs),
    viewers: snapshot?.viewers ?? 0,
    picture: health === undefined ? null : toPicture(health, clock),
    qualitySwitches: { ...snapshot?.qualitySwitchesTotal },
    substream: snapshot?.substream === undefined ? null : toSubstreamView(snapshot.substream, unixMs),
  };
}

function toSubstreamView(
  substream: RenditionSnapshot,
  unixMs: (clockMs: number | undefined) => number | null,
): StreamView['substream'] {
  const { state, reason, h264, framesPerSecond, bitrateBps, viewers } = substream;
  return {
    state,
    reason: reason === undefined ? null : withoutCredentials(reason),
    transport: substream.transport ?? null,
    videoProfile: h264?.profileName ?? null,
    width: h264?.width ?? null,
    height: h264?.height ?? null,
    framesPerSecond,
    bitrateBps,
    keyFrameIntervalSeconds: substream.keyFrameIntervalSeconds ?? null,
    lastFrameMs: unixMs(substream.lastFrameMs),
    viewers,
  };
}
