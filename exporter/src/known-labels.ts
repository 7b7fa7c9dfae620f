/** Label values that are known beforehand: their series exist from the start. */
export const cpuModes = ['user', 'nice', 'system', 'idle', 'iowait', 'irq', 'softirq', 'steal'] as const;

export const pressureResources = ['cpu', 'memory', 'io'] as const;

/** In the order of the kernel's numbers 1 to 11 (include/net/tcp_states.h). */
export const tcpStates = [
  'established',
  'syn_sent',
  'syn_recv',
  'fin_wait1',
  'fin_wait2',
  'time_wait',
  'close',
  'close_wait',
  'last_ack',
  'listen',
  'closing',
] as const;

export const memoryEvents = ['low', 'high', 'max', 'oom', 'oom_kill'] as const;

export const logLevels = ['debug', 'info', 'warn', 'error', 'fatal'] as const;

export const collectorNames = [
  'cpu',
  'cpu-cores',
  'cpu-frequency',
  'load',
  'memory',
  'paging',
  'pressure',
  'filesystems',
  'disks',
  'network',
  'sockets',
  'tcp-states',
  'temperatures',
  'gpu',
  'cgroup',
  'process',
  'portable',
  'inventory',
  'remote-relay',
] as const;
export type CollectorName = (typeof collectorNames)[number];

export const streamStates = ['idle', 'connecting', 'live', 'stalled', 'offline', 'refused'] as const;

/** Why a connection to a camera ended; `other` takes in what a newer engine may add. */
export const reconnectReasons = [
  'unreachable',
  'timeout',
  'unauthorized',
  'not-found',
  'refused-by-peer',
  'protocol',
  'tls',
  'ended',
  'stalled',
  'unsupported-codec',
  'internal',
  'other',
] as const;

export const streamWarnings = [
  'gop-too-long',
  'no-key-frame',
  'no-clock',
  'udp-fallback',
  'substream-unavailable',
  'substream-gop-too-long',
  'main-stream-unavailable',
] as const;

/** What carries a viewer's media. */
export const viewerTransports = ['udp', 'tcp'] as const;

/** Why frames were not sent to a viewer. */
export const dropReasons = [
  'history',
  'slow',
  'overtaken',
  'socket',
  'silent-viewer',
  'budget',
  'other',
] as const;

/** How offers ended: `ok` once media can flow. */
export const joinOutcomes = [
  'ok',
  'stream-not-found',
  'offer-malformed',
  'offer-without-video',
  'no-common-codec',
  'stream-refused',
  'stream-not-ready',
  'over-capacity',
  'shutting-down',
  'never-connected',
  'dtls-failed',
  'closed-by-viewer',
  'engine-stopped',
  'other',
] as const;

/** Limits that keep a viewer of a substream from the main stream. */
export const keptDownReasons = ['stream-bitrate', 'host-bitrate'] as const;

/** Limits that refuse a viewer. */
export const admissionReasons = [
  'stream-viewers',
  'stream-bitrate',
  'host-viewers',
  'host-bitrate',
  'connecting',
  'event-loop',
  'memory',
] as const;

/** Why a viewer was switched between stream and substream. */
export const qualitySwitchReasons = [
  'viewer',
  'tile',
  'path',
  'trial',
  'roll-back',
  'availability',
  'other',
] as const;

/** `busy`: the decoders were; `unreadable`: the picture is. */
export const pictureCheckFailures = ['busy', 'unreadable'] as const;

/** Programs that the relay runs. */
export const childKinds = ['ffmpeg'] as const;

export const beaconRefusals = ['invalid', 'rate-limited', 'unknown-session'] as const;
