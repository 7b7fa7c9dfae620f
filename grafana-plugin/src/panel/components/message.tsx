import { useStyles2 } from '@grafana/ui';
import { testIds } from '../test-ids.ts';
import { getWallStyles } from './styles.ts';

/** Instead of the wall: what is wrong, and the next step. */
export function Message({ title, text }: { readonly title: string; readonly text?: string }) {
  const styles = useStyles2(getWallStyles);
  return (
    <div className={styles.message} data-testid={testIds.message} role="status">
      <strong className={styles.messageTitle}>{title}</strong>
      {text !== undefined && <p className={styles.messageText}>{text}</p>}
    </div>
  );
}
