import { useStyles2, useTheme2 } from '@grafana/ui';
import type { TileState } from '@sightline/media-relay/client';
import { testIds } from '../test-ids.ts';
import { StateShape } from './state-shape.tsx';
import { getWallStyles, stateColor } from './styles.ts';

export interface MessageProps {
  /** As on a tile that is in the same trouble; none where nothing is wrong. */
  readonly shape?: TileState;
  readonly title: string;
  readonly text?: string;
}

/** Instead of the wall: what is wrong, and the next step. */
export function Message({ shape, title, text }: MessageProps) {
  const styles = useStyles2(getWallStyles);
  const theme = useTheme2();
  return (
    <div className={styles.messageBox}>
      <div className={styles.message} data-testid={testIds.message} role="status">
        {shape !== undefined && (
          <span className={styles.messageShape} style={{ fill: stateColor(shape, theme) }}>
            <StateShape state={shape} className="" />
          </span>
        )}
        <strong className={styles.messageTitle}>{title}</strong>
        {text !== undefined && <p className={styles.messageText}>{text}</p>}
      </div>
    </div>
  );
}
