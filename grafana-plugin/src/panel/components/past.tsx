import { dateTimeFormat } from '@grafana/data';
import { useStyles2 } from '@grafana/ui';
import { useEffect, useRef } from 'react';
import { userLanguage } from '../../i18n/language.ts';
import { durationText } from '../data/presentation.ts';
import type { PastPictureShown } from '../hooks/use-past-picture.ts';
import { momentSentencesIn } from '../moment-sentences.ts';
import { panelSentences } from '../sentences.ts';
import { testIds } from '../test-ids.ts';
import { getPastStyles } from './past-styles.ts';

const DAY_MS = 86_400_000;

interface PastProps {
  readonly picture: PastPictureShown;
  readonly fit: string;
  readonly timeZone: string;
  /** Of the relay, Unix ms. */
  readonly nowMs: number;
}

/** A picture of the past, which nobody may take for a live one: its time stands in the middle of it. */
export function Past({ picture: { canvas, atMs }, fit, timeZone, nowMs }: PastProps) {
  const t = momentSentencesIn(userLanguage());
  const styles = useStyles2(getPastStyles);
  const hostRef = useRef<HTMLDivElement>(null);
  useEffect(() => {
    hostRef.current?.prepend(canvas);
  }, [canvas]);
  return (
    <div ref={hostRef} className={styles.past} data-fit={fit} data-testid={testIds.past}>
      <div className={styles.clock}>
        <strong className={styles.time}>{pastTime(atMs, nowMs, timeZone)}</strong>
        <span>{t('past.age', { age: durationText(nowMs - atMs, panelSentences()) })}</span>
      </div>
    </div>
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
