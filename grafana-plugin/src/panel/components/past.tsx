import { dateTimeFormat } from '@grafana/data';
import { useStyles2 } from '@grafana/ui';
import { useEffect, useRef } from 'react';
import { userLanguage } from '../../i18n/language.ts';
import { durationText } from '../data/presentation.ts';
import { momentSentencesIn } from '../moment-sentences.ts';
import { panelSentences } from '../sentences.ts';
import { testIds } from '../test-ids.ts';
import { getPastStyles } from './past-styles.ts';

const DAY_MS = 86_400_000;

/** A picture of the past, in a frame that no live one has. */
export function Past({ canvas, fit }: { readonly canvas: HTMLCanvasElement; readonly fit: string }) {
  const styles = useStyles2(getPastStyles);
  const hostRef = useRef<HTMLDivElement>(null);
  useEffect(() => {
    hostRef.current?.append(canvas);
  }, [canvas]);
  return <div ref={hostRef} className={styles.past} data-fit={fit} data-testid={testIds.past} />;
}

interface PastClockProps {
  readonly atMs: number;
  /** Of the relay, Unix ms. */
  readonly nowMs: number;
  readonly timeZone: string;
}

/** Among the notes, and larger than they are: nobody may take the picture for a live one. */
export function PastClock({ atMs, nowMs, timeZone }: PastClockProps) {
  const t = momentSentencesIn(userLanguage());
  const styles = useStyles2(getPastStyles);
  return (
    <span className={styles.clock} data-testid={testIds.hover}>
      <strong className={styles.time}>{pastTime(atMs, nowMs, timeZone)}</strong>{' '}
      <span className={styles.age}>
        {t('past.age', { age: durationText(nowMs - atMs, panelSentences()) })}
      </span>
    </span>
  );
}

/** With its date where it was not within the last day. */
export function pastTime(atMs: number, nowMs: number, timeZone: string): string {
  const format = nowMs - atMs < DAY_MS ? 'HH:mm:ss' : 'YYYY-MM-DD HH:mm:ss';
  return dateTimeFormat(atMs, { timeZone, format });
}

/** Instead of the state, which is that of the live picture below. */
export function PastBadge() {
  return <strong>{momentSentencesIn(userLanguage())('past.word')}</strong>;
}

export function pastLabel(atMs: number, nowMs: number, timeZone: string): string {
  return momentSentencesIn(userLanguage())('past.label', { time: pastTime(atMs, nowMs, timeZone) });
}
