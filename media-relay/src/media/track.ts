/** What a source announces before its first access unit, and again whenever it changes. */
export type Track = VideoTrack | AudioTrack;

export type VideoCodec = 'h264' | 'unsupported';
export type AudioCodec = 'pcmu' | 'pcma' | 'opus' | 'unsupported';

export interface VideoTrack {
  readonly kind: 'video';
  readonly codec: VideoCodec;
  /** As the peer called it ("H265", "JPEG"), for messages. */
  readonly encodingName: string;
  /** RTP clock, ticks per second; 90,000 for every video codec we know. */
  readonly clockRate: number;
  /** Undefined until the parameter sets were seen (SDP or in-band). */
  readonly h264: H264Facts | undefined;
}

export interface AudioTrack {
  readonly kind: 'audio';
  readonly codec: AudioCodec;
  readonly encodingName: string;
  /** RTP clock, ticks per second: 8,000 for G.711, 48,000 for Opus. */
  readonly clockRate: number;
  readonly channels: number;
}

/** What the sequence parameter set says (ITU-T H.264 7.3.2.1.1, E.1). */
export interface H264Facts {
  /** profile_idc, constraint flags and level_idc as six hex digits, e.g. "42e01f" (RFC 6184 8.1). */
  readonly profileLevelId: string;
  readonly profileName: string;
  /** Displayed size in pixels, after cropping. */
  readonly width: number;
  readonly height: number;
  /** From VUI timing, undefined when absent or absurd. */
  readonly framesPerSecond: number | undefined;
  /** max_num_reorder_frames from VUI; undefined when the stream does not say. */
  readonly maxReorderFrames: number | undefined;
}
