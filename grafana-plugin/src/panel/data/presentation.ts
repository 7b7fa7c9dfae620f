/** What a tile says, from what its player and the relay know. Pure. */
import type { StreamState, TileDetail, TileState } from '@sightline/media-relay/client';
import type { PanelSentence, PanelTranslate } from '../sentences-in.ts';

/** What the relay says of the stream; undefined while it has said nothing. */
export interface StreamFacts {
  readonly state: StreamState;
  readonly reason: string | undefined;
}

export interface Presentation {
  /** Chooses shape and colour. */
  readonly state: TileState;
  readonly word: string;
  readonly sentence: string;
}

/** The browser and the stream do not go together: trying again changes nothing until one of them changes. */
const unplayable = new Set(['no-common-codec', 'stream-refused', 'offer-without-video', 'offer-malformed']);

/** The relay sees the camera, the player sees the relay: the one nearer to the fault explains it. */
export function present(
  tile: TileState,
  detail: TileDetail,
  stream: StreamFacts | undefined,
  showsStills: boolean,
  t: PanelTranslate,
): Presentation {
  const cameraIsWell = stream === undefined || stream.state === 'live' || stream.state === 'idle';
  if (showsStills && cameraIsWell) {
    if (tile === 'blocked') return { state: tile, word: t('word.stills'), sentence: t('why.stills') };
    // The page is rendered to an image: a still picture is all that there should be.
    return { state: 'live', word: t('word.still'), sentence: t('why.live') };
  }
  const own = sentenceOf(tile, detail, t);
  const relayExplains = showsStills || tile === 'connecting' || tile === 'stalled' || tile === 'offline';
  if (showsStills && stream?.state === 'stalled')
    return { state: 'stalled', word: t('word.stalled'), sentence: t('why.stalled') };
  if (relayExplains && stream?.state === 'refused')
    return { state: 'offline', word: t('word.refused'), sentence: stream.reason ?? own };
  if (detail.code !== undefined && unplayable.has(detail.code))
    return { state: tile, word: t('word.unplayable'), sentence: own };
  if (relayExplains && stream?.state === 'offline')
    return { state: 'offline', word: t('word.offline'), sentence: stream.reason ?? own };
  if (tile === 'connecting' && stream?.state === 'connecting')
    return { state: tile, word: t('word.connecting'), sentence: t('why.camera-connecting') };
  return { state: tile, word: t(`word.${tile}`), sentence: own };
}

/** The relay's own sentence where it gave one with a code, ours for everything that only the state tells. */
function sentenceOf(tile: TileState, detail: TileDetail, t: PanelTranslate): string {
  if (detail.code !== undefined || (tile !== 'blocked' && isSpecial(tile, detail))) return detail.sentence;
  return t(`why.${tile}`);
}

/** The client's plain sentences end where the table of states does; others say more. */
function isSpecial(tile: TileState, { sentence }: TileDetail): boolean {
  return sentence !== '' && (tile === 'offline' || tile === 'denied' || tile === 'over-capacity');
}

/** A duration as a person says it, rounded down. */
export function durationText(durationMs: number, t: PanelTranslate): string {
  const seconds = Math.max(0, Math.floor(durationMs / 1000));
  if (seconds < 60) return t('duration.seconds', { n: seconds });
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return t('duration.minutes', { n: minutes });
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return t('duration.hours', { n: hours, rest: minutes % 60 });
  return t('duration.days', { n: Math.floor(hours / 24), rest: hours % 24 });
}

const flagWords: Readonly<Record<string, PanelSentence>> = {
  frozen: 'flag.frozen',
  black: 'flag.black',
  overexposed: 'flag.overexposed',
  underexposed: 'flag.underexposed',
  blurred: 'flag.blurred',
};

/** A flag that this panel does not know yet is shown as the relay wrote it. */
export function flagText(flag: string, t: PanelTranslate): string {
  const word = flagWords[flag];
  return word === undefined ? flag : t(word);
}
