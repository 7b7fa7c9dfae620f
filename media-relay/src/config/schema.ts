import { isIP } from 'node:net';

import { collectorNames } from '@sightline/exporter';
import { z } from 'zod';

import { isStreamPattern, permissions } from '../auth/permissions.ts';
import { ProtocolError } from '../media/protocol-error.ts';
import { parseAnnounced } from '../webrtc/addresses.ts';
import { sourceUrlProblem } from './source-url.ts';

// The one description of the configuration: it checks the file, it names the SIGHTLINE_* variables (environment.ts) and
// docs/CONFIGURATION.md is made from it (reference.ts). A message is "problem; remedy" and never shows a secret.

const streamNameSyntax = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

function port(number: number) {
  return z.int().min(0).max(65_535).default(number);
}

const ipAddress = z
  .string()
  .refine((text) => isIP(text) !== 0, 'is not an IP address; write one like 127.0.0.1, 0.0.0.0 or ::');

const announced = z
  .string()
  .refine(
    isAnnounced,
    'is not an address that viewers can reach; write 203.0.113.5, 203.0.113.5:8641 or [2001:db8::1]:8641',
  );

function isAnnounced(text: string): boolean {
  try {
    parseAnnounced(text);
    return true;
  } catch (error) {
    if (error instanceof ProtocolError) return false;
    throw error;
  }
}

function isWebOrigin(text: string): boolean {
  return URL.canParse(text) && /^https?:\/\//.test(text) && new URL(text).origin === text;
}

function isWebAddress(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
}

const bitrateRule = 'is not a bit rate; write 900M, 1.5G or a number of bits per second';

/** Bits per second, as a number or with k, M or G (thousands). */
const bitrate = z.union([z.number(), z.string()], { error: bitrateRule }).transform((value, context) => {
  const [, digits = '', unit = ''] = /^(\d{1,12}(?:\.\d{1,6})?) ?([kMG]?)$/.exec(String(value)) ?? [];
  const bps = digits === '' ? 0 : Number(digits) * (bitrateUnits[unit] ?? 1);
  if (bps >= 1000) return bps;
  context.addIssue({ code: 'custom', message: bitrateRule });
  return z.NEVER;
});
const bitrateUnits: Readonly<Record<string, number>> = { k: 1e3, M: 1e6, G: 1e9 };

const limits = z.strictObject({
  viewers: z.int().min(0).max(100_000).default(2000).describe('Viewers of all streams together'),
  bitrate: bitrate
    .optional()
    .describe(
      'What all viewers together may be sent, by the measured rates of what each may see (API.md): 900M, 1.5G or bits per second; beyond it nobody comes, nor beyond 95 % of it goes up from a substream; default: no limit',
    ),
  memory: z
    .number()
    .min(0.001)
    .max(1)
    .default(0.9)
    .describe('Share of the memory that may be in use when a viewer comes, of the host or its container'),
});

function holdsNoCredentials(text: string): boolean {
  return !URL.canParse(text) || (new URL(text).username === '' && new URL(text).password === '');
}

const shortText = z.string().min(1).max(200);
const path = z.string().min(1).max(4096);

const streamPatterns = z
  .array(z.string().refine(isStreamPattern, 'is not a stream name or pattern; write lobby, lobby-* or *'))
  .min(1)
  .max(1000);

const http = z.strictObject({
  port: port(8640).describe('Port of the wall page and the API; 0 lets the system choose'),
  address: ipAddress.default('127.0.0.1').describe('Address to listen on; 0.0.0.0 and :: are all of them'),
  tls: z
    .strictObject({
      cert: path.describe('File with the certificate chain (PEM)'),
      key: path.describe('File with the private key (PEM)'),
    })
    .optional()
    .describe('Serve HTTPS; the files are read again when they change'),
  corsOrigins: z
    .array(
      z
        .string()
        .refine(isWebOrigin, 'is not a web origin; write https://host or https://host:port, without a path'),
    )
    .max(100)
    .default([])
    .describe('Origins of other sites whose pages may call the API'),
});

const media = z.strictObject({
  port: port(8641).describe('One port for the media of all viewers, UDP and TCP; 0 lets the system choose'),
  addresses: z
    .array(ipAddress)
    .max(32)
    .default([])
    .describe(
      'Local addresses to use; none means all of them. Each must be there at the start, and may come and go later',
    ),
  announce: z
    .array(announced)
    .max(32)
    .default([])
    .describe('Addresses to tell viewers besides, behind NAT or in a container'),
});

const engine = z.strictObject({
  threads: z
    .int()
    .min(1)
    .max(16)
    .default(1)
    .describe(
      'Media threads; each keeps a core busy and has a port of its own: media.port, the next, ... (8642 is also the default of an exporter of its own)',
    ),
});

const grafana = z.strictObject({
  url: z
    .string()
    .refine(isWebAddress, 'is not a web address; write https://host/ or http://host:3000/')
    .refine(holdsNoCredentials, 'holds credentials; leave them out, its keys are public')
    .optional()
    .describe('Where the relay reaches Grafana, to prove who a Grafana user is'),
});

const accessRule = z
  .strictObject({
    role: z.enum(['Viewer', 'Editor', 'Admin', 'None']).optional().describe('Organisation role in Grafana'),
    user: shortText.optional().describe('Login name, or id like user:2'),
    streams: streamPatterns.describe('Names or patterns of the streams that these may see'),
  })
  .refine((rule) => rule.role !== undefined || rule.user !== undefined, 'names nobody; add role: or user:');

export const tokenRule = 'use 16 to 512 of A-Z a-z 0-9 . _ ~ + / -';

export function isToken(text: string): boolean {
  return /^[A-Za-z0-9._~+/-]+=*$/.test(text) && text.length >= 16 && text.length <= 512;
}

const token = z
  .strictObject({
    name: z
      .string()
      .regex(streamNameSyntax, 'is not a name; use up to 64 letters, digits, ".", "_" and "-"')
      .describe('For logs'),
    token: z
      .string()
      .refine(isToken, `is not a token; ${tokenRule}`)
      .optional()
      .describe('The token itself, or ${NAME} to take it from the environment'),
    tokenFile: path.optional().describe('File that holds the token'),
    permissions: z.array(z.enum(permissions)).min(1).describe('What its holder may do'),
    streams: streamPatterns.default(['*']).describe('Names or patterns of the streams it is good for'),
    forGrafana: z
      .boolean()
      .default(false)
      .describe('Works only with a proven Grafana user where access rules exist'),
  })
  .refine(
    (value) => (value.token === undefined) !== (value.tokenFile === undefined),
    'needs exactly one of token and tokenFile; remove one or add one',
  );

const decode = z.strictObject({
  ffmpeg: path
    .default('ffmpeg')
    .describe(
      'The ffmpeg that makes snapshots and looks at pictures: a name to be found on the PATH, or a file',
    ),
  processes: z
    .int()
    .min(1)
    .max(64)
    .optional()
    .describe(
      'How many of them may run at once; default: by cores and memory, at least 2. With 1, snapshots wait while somebody watches MJPEG',
    ),
});

const pictureHealth = z.strictObject({
  everySeconds: z
    .int()
    .min(0)
    .max(3600)
    .default(10)
    .describe('How often a key frame of every live stream is looked at; 0: never'),
});

const snapshots = z.strictObject({
  directory: path.describe('Folder in which each stream gets a folder of its own'),
  everySeconds: z.int().min(5).max(86_400).default(60).describe('How often'),
  keepHours: z.int().min(1).max(87_600).default(24).describe('Older ones are removed'),
  keepCount: z
    .int()
    .min(1)
    .max(100_000)
    .default(1440)
    .describe('And of each stream all but the newest so many'),
});

const sourceUrl = z
  .string()
  .max(2000)
  .superRefine((url, context) => {
    const problem = sourceUrlProblem(url);
    if (problem !== undefined) context.addIssue(problem);
  });

export const streamSettings = z.strictObject({
  url: sourceUrl.describe('Where the pictures come from: rtsp://, rtsps:// or demo:'),
  substream: sourceUrl
    .optional()
    .describe('Smaller picture of the same camera: for small tiles and narrow paths; connected while needed'),
  title: shortText.optional().describe('Shown to people; default: the name'),
  site: shortText.optional().describe('Place, for grouping'),
  labels: z
    .record(
      z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,63}$/, 'is not a label name; use letters, digits and "_"'),
      z.string().max(200),
    )
    .refine((labels) => Object.keys(labels).length <= 16, 'has more than 16 labels; remove some')
    .default({})
    .describe('Free labels, name: "text"'),
  onDemand: z.boolean().default(false).describe('Connect to the camera only while somebody watches'),
  maxViewers: z
    .int()
    .min(0)
    .max(100_000)
    .optional()
    .describe("Viewers that it may have; default: as many as the relay's limits allow"),
  maxBitrate: bitrate
    .optional()
    .describe(
      'What its viewers together may be sent, counted as for limits.bitrate: 20M or bits per second; below the rate of the main stream nobody comes, not even to the substream; default: as much as the relay may send',
    ),
  trustClock: z
    .boolean()
    .default(false)
    .describe("The camera's clock is set by the same time servers as this host: delays count from the glass"),
  transport: z
    .enum(['auto', 'tcp', 'udp'])
    .default('tcp')
    .describe('How RTP travels from the camera; `auto`: UDP, and TCP where that does not arrive'),
  tlsFingerprint: z
    .string()
    .regex(/^([0-9A-Fa-f]{2}:?){31}[0-9A-Fa-f]{2}$/, 'is not a SHA-256 fingerprint; write 64 hex digits')
    .optional()
    .describe("SHA-256 of the camera's certificate, to trust that one alone (rtsps)"),
});

/** Each media thread has a port of its own, and so has whatever forwards to it: all of them have to exist and be free. */
function checkPorts(
  { engine: { threads }, http, media: { port: first, announce } }: z.output<typeof plainSchema>,
  context: z.RefinementCtx,
): void {
  const lastPort = 65_535 - (threads - 1);
  const message = `leaves no room for ${threads} media threads, each on a port of its own; use at most ${lastPort}`;
  if (first > lastPort) context.addIssue({ code: 'custom', message, path: ['media', 'port'] });
  // Media takes TCP connections on its ports, too.
  const last = first + threads - 1;
  if (first !== 0 && http.port >= first && http.port <= last) {
    const range = first === last ? `${first}` : `${first} to ${last}, one for each media thread`;
    const clash = `holds http.port (media takes ${range}); use another`;
    context.addIssue({ code: 'custom', message: clash, path: ['media', 'port'] });
  }
  announce.forEach((text, index) => {
    const { port: announcedPort = 0 } = isAnnounced(text) ? parseAnnounced(text) : {};
    if (announcedPort > lastPort)
      context.addIssue({ code: 'custom', message, path: ['media', 'announce', index] });
  });
}

const collectors = z.array(z.enum(collectorNames)).max(collectorNames.length).default([]);

const metrics = z.strictObject({
  on: collectors.describe('Collectors to switch on that are off by default'),
  off: collectors.describe('Collectors to switch off'),
});

function ratio(value: number) {
  return z.number().min(0).max(1).default(value);
}

const alerts = z.strictObject({
  cpuWarning: ratio(0.75).describe('CPU in use, of what may be used (0 to 1), mean of a minute'),
  cpuCritical: ratio(0.9).describe('The same'),
  memoryWarning: ratio(0.8).describe('Memory in use, of what may be used'),
  memoryCritical: ratio(0.9).describe('The same'),
  diskWarning: ratio(0.8).describe('Space in use, of each file system'),
  diskCritical: ratio(0.9).describe('The same'),
  activeResourcesWarning: z
    .int()
    .min(1)
    .default(5_000)
    .describe('Sockets, timers and requests that are open'),
  activeResourcesCritical: z.int().min(1).default(10_000).describe('The same'),
  eventLoopWarning: ratio(0.75).describe('Time that a thread is busy, mean of a minute'),
  eventLoopCritical: ratio(0.9).describe('The same'),
  streamErrorsWarning: ratio(0.02).describe('Packets of a camera that got lost, mean of a minute'),
  streamDownSeconds: z.int().min(1).max(3_600).default(20).describe('How long a stream may be away'),
  unusual: z.boolean().default(true).describe('Tell when a figure is far from that of a day ago'),
});

const prometheus = z.strictObject({
  url: z
    .string()
    .refine(isWebAddress, 'is not a web address; write http://host:9090/')
    .refine(holdsNoCredentials, 'holds credentials; let this relay in without them')
    .optional()
    .describe('A Prometheus that scrapes this relay: history of more than an hour comes from there'),
});

/** `lobby: rtsp://...` is short for `lobby: { url: rtsp://... }`; expanded before checking (parse.ts). */
const plainSchema = z.strictObject({
  http: http.prefault({}).describe('The wall page and the API'),
  media: media.prefault({}).describe('The way to the viewers (WebRTC)'),
  limits: limits.prefault({}).describe('Beyond these, new viewers are refused and told when to try again'),
  engine: engine.prefault({}).describe('What receives, encrypts and sends the media'),
  grafana: grafana.prefault({}).describe('The Grafana that shows these streams'),
  access: z
    .array(accessRule)
    .max(1000)
    .default([])
    .describe('Which Grafana users may see which streams; none: all see all. Needs grafana.url'),
  metrics: metrics.prefault({}).describe('What /metrics tells of the host'),
  alerts: alerts.prefault({}).describe('From when on /api/v1/alerts tells something'),
  prometheus: prometheus.prefault({}).describe('The Prometheus that keeps the figures'),
  tokens: z.array(token).max(100).default([]).describe('Tokens besides those made at the first start'),
  decode: decode.prefault({}).describe('How pictures are decoded'),
  pictureHealth: pictureHealth
    .prefault({})
    .describe('Whether pictures are frozen, black, over- or underexposed or blurred'),
  snapshots: snapshots.optional().describe('Keep pictures of the live streams as files'),
  stateDir: path
    .optional()
    .describe(
      'Where tokens and events are kept; default: $XDG_STATE_HOME/sightline or ~/.local/state/sightline, in a container /var/lib/sightline',
    ),
  log: z
    .strictObject({
      level: z
        .enum(['debug', 'info', 'warn', 'error'])
        .default('info')
        .describe('Least level that is written'),
      format: z
        .enum(['auto', 'json', 'pretty'])
        .default('auto')
        .describe('auto: pretty on a terminal, else JSON'),
      file: z
        .strictObject({
          path: path.describe('File to write to; its folder is made when it is missing'),
          maxSizeMB: z
            .int()
            .min(1)
            .max(10_000)
            .default(50)
            .describe('A file of this size is put away compressed, as is that of yesterday (UTC)'),
          keepFiles: z.int().min(0).max(10_000).default(14).describe('Files to keep that were put away'),
        })
        .optional()
        .describe('Write the log to a file as well, as JSON'),
    })
    .prefault({})
    .describe('Logs, on standard output'),
  streams: z
    .record(
      z
        .string()
        .regex(
          streamNameSyntax,
          'is not a stream name; begin with a letter or digit, then up to 63 letters, digits, ".", "_" or "-"',
        ),
      streamSettings,
    )
    .default({})
    .describe('The cameras, by name; an address alone is enough'),
});

export const configSchema = plainSchema.superRefine(checkPorts);

type Parsed = z.output<typeof configSchema>;

export type StreamConfig = Parsed['streams'][string];
export type AccessRuleConfig = Parsed['access'][number];

export interface TokenConfig {
  readonly name: string;
  /** From `token` or read from `tokenFile`. Never log it. */
  readonly token: string;
  readonly permissions: Parsed['tokens'][number]['permissions'];
  readonly streams: readonly string[];
  readonly forGrafana: boolean;
}

/** A checked configuration: defaults filled in, paths absolute, tokens read, `${NAME}` replaced. */
export interface Config extends Omit<Parsed, 'tokens' | 'stateDir' | 'streams'> {
  readonly tokens: readonly TokenConfig[];
  readonly stateDir: string;
  /** In the order of the file. */
  readonly streams: ReadonlyMap<string, StreamConfig>;
}
