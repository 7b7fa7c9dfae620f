import { dateTimeFormat } from '@grafana/data';
import type { AnnotationEventUIModel } from '@grafana/data';
import { usePanelContext } from '@grafana/ui';
import { userLanguage } from '../../i18n/language.ts';
import type { RelaySource } from '../../relay/relay-source.ts';
import { isRendering } from '../../relay/rendering.ts';
import { annotationOf } from '../mark/mark.ts';
import type { Moment, MomentStill } from '../mark/mark.ts';
import { momentSentencesIn } from '../moment-sentences.ts';
import { MOST_REACH_MS, reachMs } from '../past/nearest.ts';

/** Then the mark is made without a picture. */
const STILL_TIMEOUT_MS = 3000;

export interface MarkedTile extends Omit<Moment, 'atMs' | 'still'> {
  /** Of the kept picture that the tile shows, Unix ms; undefined while it shows the live one. */
  readonly pastMs: number | undefined;
}

/** Rejects when Grafana did not take it. */
export type Mark = (tile: MarkedTile) => Promise<void>;

/**
 * Marks the moment that a tile shows as an annotation of the dashboard. It is Grafana that saves it (POST /api/annotations, with dashboard
 * and panel), shows it in all graphs, and knows who may: undefined for everybody else, and outside dashboards.
 */
export function useMark(source: RelaySource, relayOffsetMs: number, timeZone: string): Mark | undefined {
  const { canAddAnnotations, onAnnotationCreate } = usePanelContext();
  if (onAnnotationCreate === undefined || canAddAnnotations?.() !== true || isRendering()) return undefined;
  // Declared to return nothing, it returns a promise of having been saved.
  const save: (annotation: AnnotationEventUIModel) => unknown = onAnnotationCreate;
  return async ({ pastMs, ...moment }) => {
    const atMs = pastMs ?? Date.now();
    const stillMs = pastMs ?? (await newestStillMs(source, moment.stream, atMs + relayOffsetMs));
    const still = stillMs === undefined ? undefined : stillOf(source, moment.stream, stillMs, timeZone);
    await save(annotationOf({ ...moment, atMs, still }));
  };
}

async function newestStillMs(
  { kept }: RelaySource,
  stream: string,
  nowMs: number,
): Promise<number | undefined> {
  const signal = AbortSignal.timeout(STILL_TIMEOUT_MS);
  const moments = await kept.moments(stream, nowMs - MOST_REACH_MS, nowMs, signal).catch(() => undefined);
  const newestMs = moments?.timesMs.at(-1);
  if (newestMs === undefined || nowMs - newestMs > reachMs(moments?.everySeconds ?? 0)) return undefined;
  return newestMs;
}

function stillOf({ kept }: RelaySource, stream: string, atMs: number, timeZone: string): MomentStill {
  const time = dateTimeFormat(atMs, { timeZone, format: 'YYYY-MM-DD HH:mm:ss' });
  return {
    href: kept.href(stream, atMs),
    text: momentSentencesIn(userLanguage())('mark.picture', { time }),
  };
}
