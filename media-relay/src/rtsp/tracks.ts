// Which media of a session description are played: the first H.264 video and the first G.711 or Opus audio.

import type { AudioCodec, AudioTrack, Track, VideoTrack } from '../media/track.ts';
import { excerpt } from '../media/protocol-error.ts';
import { SourceError } from '../sources/source.ts';
import { resolveControl } from './control-url.ts';
import type { SdpFormat, SdpMedia, SessionDescription } from './sdp.ts';

export interface WantedTrack {
  readonly track: Track;
  readonly controlUrl: string;
  readonly payloadType: number;
  /** The media section offers nothing else, so that whatever arrives must be this. */
  readonly isOnlyFormat: boolean;
  /** `sprop-parameter-sets` as written (RFC 6184 section 8.1). */
  readonly sprop: string | undefined;
}

const audioCodecs: ReadonlyMap<string, { codec: AudioCodec; clockRate: number }> = new Map([
  ['PCMU', { codec: 'pcmu', clockRate: 8000 }],
  ['PCMA', { codec: 'pcma', clockRate: 8000 }],
  ['OPUS', { codec: 'opus', clockRate: 48_000 }],
]);

/** Video first. Throws `SourceError` 'unsupported-codec' when there is no H.264. */
export function chooseTracks(description: SessionDescription, base: string): WantedTrack[] {
  // ONVIF streaming specification 5.3: the audio that goes *to* the camera is the section marked sendonly. Video
  // never does, and some cameras mark theirs sendonly because they send it.
  const audioSections = description.media.filter(
    (media) => media.kind === 'audio' && media.direction !== 'sendonly',
  );
  const video = firstOf(
    description.media.filter((media) => media.kind === 'video'),
    videoTrack,
  );
  if (video === undefined) throw unsupported(description);
  const audio = firstOf(audioSections, audioTrack);
  return [video, audio]
    .filter((choice) => choice !== undefined)
    .map(({ media, format, track }) => ({
      track,
      controlUrl: resolveControl(base, media.control),
      payloadType: format.payloadType,
      isOnlyFormat: media.formats.length === 1,
      sprop: format.parameters.get('sprop-parameter-sets'),
    }));
}

function firstOf<T extends Track>(
  sections: readonly SdpMedia[],
  build: (format: SdpFormat) => T | undefined,
): { media: SdpMedia; format: SdpFormat; track: T } | undefined {
  for (const media of sections) {
    for (const format of media.formats) {
      const track = build(format);
      if (track !== undefined) return { media, format, track };
    }
  }
  return undefined;
}

function videoTrack({ encodingName }: SdpFormat): VideoTrack | undefined {
  if (encodingName.toUpperCase() !== 'H264') return undefined;
  return { kind: 'video', codec: 'h264', encodingName: 'H264', clockRate: 90_000, h264: undefined };
}

function audioTrack({ encodingName, clockRate, channels }: SdpFormat): AudioTrack | undefined {
  const known = audioCodecs.get(encodingName.toUpperCase());
  if (known === undefined) return undefined;
  // G.711 at another rate or in stereo is a different encoding to every browser.
  if (known.codec !== 'opus' && (channels !== 1 || (clockRate !== 0 && clockRate !== known.clockRate)))
    return undefined;
  return { kind: 'audio', codec: known.codec, encodingName, clockRate: known.clockRate, channels };
}

function unsupported(description: SessionDescription): SourceError {
  const offered = description.media
    .filter((media) => media.kind === 'video')
    .flatMap((media) =>
      media.formats.map((format) => format.encodingName || `payload type ${format.payloadType}`),
    );
  const names = excerpt([...new Set(offered)].join(', '), 100);
  return new SourceError(
    'unsupported-codec',
    names === ''
      ? 'The camera offers no video. Check the path of its URL, and that its video stream is on.'
      : `The camera sends ${names}, and only H.264 can be shown. Set its video encoding to H.264, or use the URL of a sub-stream that has it.`,
  );
}
