/** From what pictures tell about themselves to flags that do not flicker. Pure: one judge per stream. */
import { pictureFlags, type PictureFlag } from '../stream/states.ts';
import type { PictureFacts } from './picture-facts.ts';

export interface CheckedPicture {
  readonly facts: PictureFacts;
  /** Of single pixels of the decoded picture: the same for the same picture only. */
  readonly checksum: string;
}

export interface FlagChange {
  readonly flag: PictureFlag;
  readonly on: boolean;
}

/** So many checks in a row have to agree. A picture that was never seen before is proof that a camera lives. */
const onAfter = 3;
const offAfter: Readonly<Record<PictureFlag, number>> = {
  frozen: 1,
  black: 2,
  overexposed: 2,
  underexposed: 2,
  blurred: 2,
};

/** An encoder may code one and the same picture in turns with two or three quantisers. */
const rememberedPictures = 4;

export class PictureJudge {
  readonly #isOn: Record<PictureFlag, boolean> = noFlags();
  /** How many checks in a row have disagreed with the flag. */
  readonly #against: Record<PictureFlag, number> = {
    frozen: 0,
    black: 0,
    overexposed: 0,
    underexposed: 0,
    blurred: 0,
  };
  #seen: string[] = [];

  get flags(): Readonly<Record<PictureFlag, boolean>> {
    return this.#isOn;
  }

  /** Takes the next picture and tells what it changes. */
  check(picture: CheckedPicture): FlagChange[] {
    const says = this.#symptoms(picture);
    const changes: FlagChange[] = [];
    for (const flag of Object.keys(pictureFlags) as PictureFlag[]) {
      if (says[flag] === this.#isOn[flag]) {
        this.#against[flag] = 0;
        continue;
      }
      this.#against[flag]++;
      if (this.#against[flag] < (this.#isOn[flag] ? offAfter[flag] : onAfter)) continue;
      this.#against[flag] = 0;
      this.#isOn[flag] = says[flag];
      changes.push({ flag, on: says[flag] });
    }
    return changes;
  }

  /** Thresholds are further apart than they need be: the second one holds while the flag is on. */
  #symptoms({ facts, checksum }: CheckedPicture): Record<PictureFlag, boolean> {
    const { brightness, contrast, darkShare, brightShare, sharpness } = facts;
    const wasSeen = this.#seen.includes(checksum);
    if (!wasSeen) this.#seen = [...this.#seen.slice(1 - rememberedPictures), checksum];
    const limit = (flag: PictureFlag, on: number, off: number): number => (this.#isOn[flag] ? off : on);
    const isBlack = darkShare >= limit('black', 0.98, 0.95) && brightness < 0.1;
    const isWhite = brightShare >= 0.98;
    return {
      // A covered or blinded sensor gives the same picture, too: that is not what froze.
      frozen: wasSeen && !isBlack && !isWhite,
      black: isBlack,
      overexposed: brightShare >= limit('overexposed', 0.5, 0.4),
      underexposed: !isBlack && brightness < limit('underexposed', 0.08, 0.12),
      // Without contrast there is nothing to be sharp: fog, a white wall.
      blurred: contrast >= 0.04 && sharpness < limit('blurred', 0.004, 0.008),
    };
  }
}

export function noFlags(): Record<PictureFlag, boolean> {
  return { frozen: false, black: false, overexposed: false, underexposed: false, blurred: false };
}
