// RFC 6184 8.1, table 5: what a profile-level-id says, and which profiles decode which. Levels are ignored on purpose:
// browsers offer level 3.1 and decode far more.

export type H264Profile =
  | 'constrained-baseline'
  | 'baseline'
  | 'extended'
  | 'main'
  | 'constrained-high'
  | 'high'
  | 'high-10'
  | 'high-4:2:2'
  | 'high-4:4:4';

/** Inferred when an offer has no profile-level-id (RFC 6184 8.1): Baseline, level 1. */
export const defaultProfileLevelId = '42000a';

/** The profile named by six hex digits; undefined when they are not that, or name a profile we do not know. */
export function h264Profile(profileLevelId: string): H264Profile | undefined {
  if (!isProfileLevelId(profileLevelId)) return undefined;
  const profileIdc = Number.parseInt(profileLevelId.slice(0, 2), 16);
  const constraints = Number.parseInt(profileLevelId.slice(2, 4), 16);
  const set0 = (constraints & 0x80) !== 0;
  const set1 = (constraints & 0x40) !== 0;
  switch (profileIdc) {
    case 0x42:
      return set1 ? 'constrained-baseline' : 'baseline';
    case 0x4d:
      return set0 ? 'constrained-baseline' : 'main';
    case 0x58:
      if (!set0) return 'extended';
      return set1 ? 'constrained-baseline' : 'baseline';
    case 0x64:
      return (constraints & 0x0c) === 0x0c ? 'constrained-high' : 'high';
    case 0x6e:
      return 'high-10';
    case 0x7a:
      return 'high-4:2:2';
    case 0xf4:
    case 0x2c:
      return 'high-4:4:4';
    default:
      return undefined;
  }
}

export function isProfileLevelId(text: string): boolean {
  return /^[0-9a-f]{6}$/i.test(text);
}

/**
 * Which offered profiles play a stream of this profile, the best first: itself, then the smallest profile that
 * contains it. Two liberties: Baseline in profiles without FMO, ASO and redundant slices, and Main or High in
 * Constrained High, which lacks only interlacing and B slices; cameras do without all of these, or are refused.
 */
export function decodableBy(stream: H264Profile): readonly H264Profile[] {
  return decoders[stream];
}

/**
 * Whether a payload type goes on when the stream's profile changes under it. `carried` are profile-level-ids that it is
 * known to play: the one it was offered with, and that of the stream which was accepted on it.
 */
export function canCarry(carried: readonly string[], profileLevelId: string): boolean {
  const profile = h264Profile(profileLevelId);
  if (profile === undefined) return false;
  return carried.some((known) => {
    const decoder = h264Profile(known);
    return decoder !== undefined && decodableBy(profile).includes(decoder);
  });
}

const wide = ['high-10', 'high-4:2:2', 'high-4:4:4'] as const;
const decoders: Readonly<Record<H264Profile, readonly H264Profile[]>> = {
  'constrained-baseline': [
    'constrained-baseline',
    'baseline',
    'main',
    'constrained-high',
    'high',
    'extended',
    ...wide,
  ],
  baseline: ['baseline', 'extended', 'constrained-baseline', 'main', 'constrained-high', 'high', ...wide],
  extended: ['extended'],
  main: ['main', 'high', 'constrained-high', ...wide],
  'constrained-high': ['constrained-high', 'high', ...wide],
  high: ['high', 'constrained-high', ...wide],
  'high-10': ['high-10', 'high-4:2:2', 'high-4:4:4'],
  'high-4:2:2': ['high-4:2:2', 'high-4:4:4'],
  'high-4:4:4': ['high-4:4:4'],
};
