/** The one table of states: used by the API, the wall page, metrics, the panel and the docs. */
export const streamStates = {
  idle: 'On demand, and nobody watches',
  connecting: 'Connecting to the camera for the first time',
  live: 'Frames arrived in the last 5 seconds',
  stalled: 'Connected, but no frame for 5 seconds',
  offline: 'The camera cannot be reached; the relay keeps trying',
  refused: 'The stream cannot be shown in a browser; see the reason',
} as const;
export type StreamState = keyof typeof streamStates;

export const tileStates = {
  connecting: 'Waiting for the first picture',
  live: 'Pictures are arriving',
  stalled: 'No new picture',
  offline: 'The camera or the relay cannot be reached',
  denied: 'Not allowed to watch this stream',
  'over-capacity': 'The relay is full; trying again later',
  blocked: 'The network lets no media through',
} as const;
export type TileState = keyof typeof tileStates;

/** The encodings of one camera's picture: `url` and `substream` of its configuration. */
export type RenditionName = 'main' | 'sub';

/** What a viewer may ask for; `auto` follows its tile's size and its path. */
export const qualities = ['auto', 'main', 'sub'] as const satisfies readonly ('auto' | RenditionName)[];
export type Quality = (typeof qualities)[number];

/** What is wrong with a picture although frames arrive; several can hold at once. */
export const pictureFlags = {
  frozen: 'The same picture again and again, although frames arrive',
  black: 'Nothing but black',
  overexposed: 'More than half of the picture is burnt out',
  underexposed: 'Too dark to see much',
  blurred: 'No fine detail: out of focus, or a dirty or covered lens',
} as const;
export type PictureFlag = keyof typeof pictureFlags;

/** Things worth knowing about a stream that still plays; each with its remedy. */
export const streamWarnings = {
  'gop-too-long':
    'More than 10 s, 600 frames or 16 MB between key frames: viewers wait for the next one. Set the camera\u2019s I-frame interval to 1-4 s.',
  'no-key-frame':
    'No whole key frame (IDR picture with SPS and PPS) in 10 s of pictures: nothing can be shown before the first. Set the camera\u2019s I-frame interval to 1-4 s, and turn intra refresh off; where packets get lost, set `transport: tcp`.',
  'no-clock':
    'The camera sends no usable RTCP sender reports (none at all, damaged, of another SSRC, or of a clock that was never set), so its own clock is unknown.',
  'udp-fallback': 'The camera\u2019s UDP packets do not arrive; using TCP.',
  'substream-unavailable':
    'The substream cannot be reached or shown: viewers get the main stream. Check `substream`, and that it is H.264 without B-frames.',
  'substream-gop-too-long':
    'No whole key frame of the substream for more than 10 s, 600 frames or 16 MB: viewers see the main stream until the next one. Set the substream\u2019s I-frame interval to 1-4 s, and turn its smart codec (H.264+ and the like) off.',
  'main-stream-unavailable': 'The main stream cannot be reached or shown: viewers get the substream.',
} as const;
export type StreamWarning = keyof typeof streamWarnings;
