/** What a tile says, from what its player and the relay know. Pure. */
import type { StreamState, TileDetail, TileState } from '@sightline/media-relay/client';
import { grafanaCodes } from '../../relay/grafana-refusal.ts';
import type { GrafanaCode } from '../../relay/grafana-refusal.ts';
import { refusalIn } from '../../relay/relay-sentences.ts';
import type { Said } from '../../relay/relay-sentences.ts';
import type { PanelSentence, PanelTranslate } from '../sentences-in.ts';

/** What the relay says of the stream; undefined while it has said nothing. */
export interface StreamFacts {
  readonly state: StreamState;
  readonly reason: string | undefined;
  readonly reasonCode: string | undefined;
}

export interface Presentation {
  /** Chooses the colour. */
  readonly state: TileState;
  readonly shape: TileState | 'refused';
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
  said: Said,
): Presentation {
  const cameraIsWell = stream === undefined || stream.state === 'live' || stream.state === 'idle';
  if (showsStills && cameraIsWell) {
    if (tile === 'blocked')
      return { state: tile, shape: tile, word: t('word.stills'), sentence: t('why.stills') };
    // The page is rendered to an image: a still picture is all that there should be.
    return { state: 'live', shape: 'live', word: t('word.still'), sentence: t('why.live') };
  }
  const own = sentenceOf(tile, detail, t, said);
  // Who was never asked for says `blocked` by what others were told: there may be no camera behind it.
  const isBlocked = tile === 'blocked';
  const ifUnsaid = isBlocked ? t('why.offline') : own;
  const reason = stream?.reason === undefined ? ifUnsaid : said('stream', stream.reasonCode, stream.reason);
  const relayExplains =
    showsStills || isBlocked || tile === 'connecting' || tile === 'stalled' || tile === 'offline';
  if (showsStills && stream?.state === 'stalled')
    return { state: 'stalled', shape: 'stalled', word: t('word.stalled'), sentence: t('why.stalled') };
  if (relayExplains && stream?.state === 'refused')
    return { state: 'offline', shape: 'refused', word: t('word.refused'), sentence: reason };
  if (detail.code !== undefined && unplayable.has(detail.code))
    return { state: tile, shape: 'refused', word: t('word.unplayable'), sentence: own };
  if (relayExplains && stream?.state === 'offline')
    return { state: 'offline', shape: 'offline', word: t('word.offline'), sentence: reason };
  if (tile === 'connecting' && stream?.state === 'connecting')
    return { state: tile, shape: tile, word: t('word.connecting'), sentence: t('why.camera-connecting') };
  return { state: tile, shape: tile, word: t(`word.${tile}`), sentence: own };
}

/** Whoever refused says why, Grafana, relay or player; where nobody did, the state says it all. */
function sentenceOf(tile: TileState, detail: TileDetail, t: PanelTranslate, said: Said): string {
  if (isOfGrafana(detail.code)) return t(`why.${detail.code}`, { why: detail.sentence });
  return detail.code === undefined ? t(`why.${tile}`) : refusalIn(said, detail);
}

function isOfGrafana(code: string | undefined): code is GrafanaCode {
  return (grafanaCodes as readonly (string | undefined)[]).includes(code);
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
