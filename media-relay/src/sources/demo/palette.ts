/** Colours as limited-range BT.709 Y'CbCr; a demo camera picks its mood by title, so that two can be told apart. */
export interface Colour {
  readonly luma: number;
  readonly cb: number;
  readonly cr: number;
}

export interface Mood {
  /** Background far from and near to the light. */
  readonly shade: Colour;
  readonly glow: Colour;
  /** Lamps from low to high. */
  readonly low: Colour;
  readonly high: Colour;
  readonly orb: Colour;
}

/** From 0..255 RGB (ITU-R BT.709). */
export function fromRgb(red: number, green: number, blue: number): Colour {
  const luma = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  return {
    luma: 16 + (luma * 219) / 255,
    cb: 128 + ((blue - luma) / 1.8556) * (224 / 255),
    cr: 128 + ((red - luma) / 1.5748) * (224 / 255),
  };
}

export function mix(from: Colour, to: Colour, part: number): Colour {
  return {
    luma: from.luma + (to.luma - from.luma) * part,
    cb: from.cb + (to.cb - from.cb) * part,
    cr: from.cr + (to.cr - from.cr) * part,
  };
}

const moods: readonly [Mood, ...Mood[]] = [
  {
    shade: fromRgb(7, 11, 26),
    glow: fromRgb(24, 44, 84),
    low: fromRgb(22, 92, 140),
    high: fromRgb(96, 226, 208),
    orb: fromRgb(255, 176, 72),
  },
  {
    shade: fromRgb(16, 8, 24),
    glow: fromRgb(62, 32, 84),
    low: fromRgb(112, 52, 150),
    high: fromRgb(255, 138, 122),
    orb: fromRgb(104, 214, 255),
  },
  {
    shade: fromRgb(6, 18, 18),
    glow: fromRgb(16, 62, 60),
    low: fromRgb(18, 110, 96),
    high: fromRgb(190, 232, 92),
    orb: fromRgb(255, 128, 104),
  },
];

export function moodFor(title: string): Mood {
  let hash = 0;
  for (const character of title) hash = (hash * 31 + (character.codePointAt(0) ?? 0)) % 65_521;
  return moods[hash % moods.length] ?? moods[0];
}
