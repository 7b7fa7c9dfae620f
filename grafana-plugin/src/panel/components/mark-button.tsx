import { useStyles2 } from '@grafana/ui';
import { useEffect, useState } from 'react';
import { userLanguage } from '../../i18n/language.ts';
import { momentSentencesIn } from '../moment-sentences.ts';
import { testIds } from '../test-ids.ts';
import { getPastStyles } from './past-styles.ts';

type Outcome = 'saving' | 'done' | 'failed';

const shapes: Readonly<Record<Outcome | 'none', string>> = {
  none: 'M3 1h1.5v14H3zM5.5 2H14l-2.5 3.5L14 9H5.5z',
  saving: 'M3 1h1.5v14H3zM5.5 2H14l-2.5 3.5L14 9H5.5z',
  done: 'm2 8.5 1.4-1.4 3 3 6.2-6.2L14 5.3l-7.6 7.6z',
  failed: 'M7 2h2l-.4 7.5H7.4zM7 11h2v2.2H7z',
};
/** Long enough to be seen and heard. */
const SHOWN_MS = 4000;

/** Marks the moment that is on the screen. */
export function MarkButton({
  title,
  onMark,
}: {
  readonly title: string;
  readonly onMark: () => Promise<void>;
}) {
  const t = momentSentencesIn(userLanguage());
  const styles = useStyles2(getPastStyles);
  const [outcome, setOutcome] = useState<Outcome>();
  useEffect(() => {
    if (outcome === undefined || outcome === 'saving') return;
    const timer = setTimeout(() => setOutcome(undefined), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [outcome]);
  const mark = () => {
    if (outcome === 'saving') return;
    setOutcome('saving');
    onMark().then(
      () => setOutcome('done'),
      () => setOutcome('failed'),
    );
  };
  const label = t('mark.do', { title });
  const said = outcome === undefined ? '' : t(`mark.${outcome}`);
  return (
    <>
      <button
        type="button"
        className={styles.mark}
        aria-label={label}
        title={said === '' ? label : said}
        data-outcome={outcome}
        data-testid={testIds.mark}
        onClick={mark}
      >
        <svg viewBox="0 0 16 16" aria-hidden="true">
          <path d={shapes[outcome ?? 'none']} />
        </svg>
      </button>
      <span className={styles.aloud} role="status">
        {said}
      </span>
    </>
  );
}
