import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startRtpCamera } from './cameras.ts';
import { freeTcpPort, freeUdpPair } from './free-port.ts';
import type { Picture, SentPicture } from './pictures.ts';
import { startProcess } from './process.ts';
import type { ConnectOptions, Sink } from './sink.ts';
import { answerSdp, parseRemote } from './sink-sdp.ts';
import { until } from './until.ts';
import type { Viewer } from './whep-viewer.ts';

export interface Janus {
  readonly pid: number;
  readonly sent: SentPicture;
  join(sink: Sink, options?: ConnectOptions): Promise<Viewer>;
  stop(): Promise<void>;
}

/** Janus sends packets on as they come, so its input is cut like the relay's output: at most 1,200 bytes with its tag. */
const maxPayload = 1158;

const libraries = '/usr/lib';

function janusFolder(): string {
  for (const name of readdirSync(libraries)) {
    const folder = path.join(libraries, name, 'janus');
    try {
      if (readdirSync(folder).includes('plugins')) return folder;
    } catch {
      // not this architecture's folder
    }
  }
  throw new Error('The comparison needs Janus: apt-get install -y janus');
}

/** Debian's Janus with its streaming plugin and nothing else, fed with the same pictures as plain RTP. */
export async function startJanus(picture: Picture): Promise<Janus> {
  const installed = janusFolder();
  const folder = mkdtempSync(path.join(tmpdir(), 'bench-janus-'));
  const httpPort = await freeTcpPort();
  const rtpPort = await freeUdpPair();
  const plugins = path.join(folder, 'plugins');
  const transports = path.join(folder, 'transports');
  for (const directory of [plugins, transports, path.join(folder, 'loggers')]) mkdirSync(directory);
  link(path.join(installed, 'plugins'), plugins, 'libjanus_streaming.so');
  link(path.join(installed, 'transports'), transports, 'libjanus_http.so');
  const write = (name: string, text: string): void => writeFileSync(path.join(folder, name), text);
  write(
    'janus.jcfg',
    `general: { configs_folder = "${folder}" plugins_folder = "${plugins}" transports_folder = "${transports}"
  loggers_folder = "${folder}/loggers" debug_level = 3 }
media: { rtp_port_range = "20000-40000" }
nat: { ice_lite = true ice_enforce_list = "127.0.0.1" }
`,
  );
  write(
    'janus.transport.http.jcfg',
    `general: { json = "compact" base_path = "/janus" http = true port = ${httpPort} ip = "127.0.0.1" https = false }
`,
  );
  write(
    'janus.plugin.streaming.jcfg',
    `camera: { type = "rtp" id = 1 audio = false video = true videoport = ${rtpPort} videoiface = "127.0.0.1"
  videopt = 96 videocodec = "h264" videofmtp = "profile-level-id=42e01f;packetization-mode=1" }
`,
  );
  const janus = await startProcess({
    command: 'janus',
    args: ['-F', folder, '-C', path.join(folder, 'janus.jcfg')],
  });
  const base = `http://127.0.0.1:${httpPort}/janus`;
  try {
    await until('Janus', 15_000, async () => (await fetch(`${base}/info`)).ok || undefined);
  } catch (error) {
    throw new Error(`Janus did not start\n${janus.output()}`, { cause: error });
  }
  const camera = await startRtpCamera(picture, rtpPort, maxPayload);
  return {
    pid: janus.pid,
    sent: camera.sent,
    join: (sink, options = {}) => joinJanus(sink, base, options),
    async stop() {
      await camera.stop();
      await janus.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function link(from: string, to: string, library: string): void {
  symlinkSync(path.join(from, library), path.join(to, library));
}

interface JanusMessage {
  readonly janus: string;
  readonly data?: { readonly id: number };
  readonly jsep?: { readonly sdp: string };
  readonly error?: { readonly reason: string };
  readonly plugindata?: { readonly data: { readonly error?: string } };
}

/** Janus makes the offer; its answer to a request comes as an event on the session's long poll. */
async function joinJanus(sink: Sink, base: string, options: ConnectOptions): Promise<Viewer> {
  const startedMs = performance.now();
  const session = `${base}/${await idOf(request(base, { janus: 'create' }))}`;
  const handle = `${session}/${await idOf(request(session, { janus: 'attach', plugin: 'janus.plugin.streaming' }))}`;
  await request(handle, { janus: 'message', body: { request: 'watch', id: 1 } });
  const offered = await nextOffer(session);
  const local = await sink.offer();
  const jsep = { type: 'answer', sdp: answerSdp(offered, local) };
  await request(handle, { janus: 'message', body: { request: 'start' }, jsep });
  // Janus keeps no key frame for who comes later.
  await sink.connect(local.id, parseRemote(offered), { ...options, startsAnywhere: true });
  const polling = new AbortController();
  void poll(session, polling.signal);
  return {
    id: local.id,
    sessionId: session,
    joinMs: performance.now() - startedMs,
    async close() {
      polling.abort();
      await request(session, { janus: 'destroy' });
      sink.close(local.id);
    },
  };
}

async function request(url: string, body: Readonly<Record<string, unknown>>): Promise<JanusMessage> {
  const transaction = Math.random().toString(36).slice(2);
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(url, {
    method: 'POST',
    headers,
    body: JSON.stringify({ ...body, transaction }),
  });
  return checked((await response.json()) as JanusMessage);
}

function checked(message: JanusMessage): JanusMessage {
  const problem = message.error?.reason ?? message.plugindata?.data.error;
  if (problem !== undefined) throw new Error(`Janus: ${problem}`);
  return message;
}

async function idOf(answer: Promise<JanusMessage>): Promise<number> {
  const id = (await answer).data?.id;
  if (id === undefined) throw new Error('Janus gave no id');
  return id;
}

async function nextOffer(session: string): Promise<string> {
  for (let polls = 0; polls < 10; polls++) {
    const message = checked((await (await fetch(`${session}?maxev=1`)).json()) as JanusMessage);
    if (message.jsep) return message.jsep.sdp;
  }
  throw new Error('Janus made no offer');
}

/** A session that nobody polls is closed after a minute. */
async function poll(session: string, signal: AbortSignal): Promise<void> {
  try {
    while (!signal.aborted) await (await fetch(`${session}?maxev=10`, { signal })).arrayBuffer();
  } catch {
    // closed, or Janus has gone
  }
}
