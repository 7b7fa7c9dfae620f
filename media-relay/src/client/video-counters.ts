/** W3C webrtc-stats: the inbound video's counters out of a getStats report. */
import type { Counters } from './statistics.ts';

/** Undefined until the browser counts a video. */
export function videoCounters(report: RTCStatsReport, atMs: number): Counters | undefined {
  for (const [, entry] of report) {
    const video = reader(entry);
    if (video.text('type') !== 'inbound-rtp' || video.text('kind') !== 'video') continue;
    const codec = reader(report.get(video.text('codecId') ?? '')).text('mimeType');
    return {
      atMs,
      framesDecoded: video.number('framesDecoded') ?? 0,
      framesDropped: video.number('framesDropped') ?? 0,
      bytesReceived: video.number('bytesReceived') ?? 0,
      packetsReceived: video.number('packetsReceived') ?? 0,
      packetsLost: video.number('packetsLost') ?? 0,
      freezeCount: video.number('freezeCount') ?? 0,
      jitterBufferDelaySeconds: video.number('jitterBufferDelay') ?? 0,
      jitterBufferEmittedCount: video.number('jitterBufferEmittedCount') ?? 0,
      width: video.number('frameWidth'),
      height: video.number('frameHeight'),
      codec: codec?.split('/')[1],
    };
  }
  return undefined;
}

function reader(entry: unknown) {
  const field = (name: string): unknown =>
    typeof entry === 'object' && entry !== null ? Reflect.get(entry, name) : undefined;
  return {
    number: (name: string): number | undefined => {
      const value = field(name);
      return typeof value === 'number' ? value : undefined;
    },
    text: (name: string): string | undefined => {
      const value = field(name);
      return typeof value === 'string' ? value : undefined;
    },
  };
}
