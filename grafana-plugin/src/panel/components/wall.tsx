import type { FieldConfigSource, InterpolateFunction, EventBus } from '@grafana/data';
import { dateTimeFormat } from '@grafana/data';
import { useStyles2, useTheme2 } from '@grafana/ui';
import {
  neighbour,
  noCaption,
  pixelShift,
  SHIFT_EVERY_MS,
  shiftVariables,
  tileCaption,
} from '@sightline/media-relay/client';
import type { Direction } from '@sightline/media-relay/client';
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react';
import type { KeyboardEvent } from 'react';
import type { RelaySource } from '../../relay/relay-source.ts';
import { isRendering } from '../../relay/rendering.ts';
import { figureDisplays } from '../data/figures.ts';
import { arrange, pageOf, turned } from '../data/layout.ts';
import { durationText } from '../data/presentation.ts';
import { tileModel } from '../data/tile-model.ts';
import type { Tiles } from '../data/tiles.ts';
import { useEvery } from '../hooks/use-every.ts';
import { useHover } from '../hooks/use-hover.ts';
import { useMark } from '../hooks/use-mark.ts';
import { useRelayNews } from '../hooks/use-relay.ts';
import { isKiosk, useWakeLock } from '../hooks/use-wake-lock.ts';
import type { WallOptions } from '../options.ts';
import { panelSentences } from '../sentences.ts';
import { testIds } from '../test-ids.ts';
import { getWallStyles } from './styles.ts';
import { Tile } from './tile.tsx';

const directions: Readonly<Record<string, Direction>> = {
  ArrowLeft: 'left',
  ArrowRight: 'right',
  ArrowUp: 'up',
  ArrowDown: 'down',
  Home: 'first',
  End: 'last',
};

export interface WallProps {
  readonly tiles: Tiles & { kind: 'tiles' };
  readonly source: RelaySource;
  readonly options: WallOptions;
  readonly width: number;
  readonly height: number;
  readonly timeZone: string;
  /** End of the time range, Unix ms. */
  readonly toMs: number;
  readonly fieldConfig: FieldConfigSource;
  readonly replaceVariables: InterpolateFunction;
  readonly eventBus: EventBus;
  /** An alert rule that is linked to the panel fires. */
  readonly isAlerting: boolean;
}

export function Wall(props: WallProps) {
  const { tiles, source, options, width, height, timeZone, fieldConfig, replaceVariables, eventBus } = props;
  const t = panelSentences();
  const theme = useTheme2();
  const styles = useStyles2(getWallStyles);
  const wallRef = useRef<HTMLDivElement>(null);
  const buttons = useRef(new Map<string, HTMLButtonElement>());
  const focusNext = useRef<string>(undefined);
  const news = useRelayNews(source);
  const hover = useHover(eventBus);
  const mark = useMark(source, news.offsetMs, timeZone);
  const [soloKey, setSoloKey] = useState<string>();
  const [currentKey, setCurrentKey] = useState<string>();
  const [pageOffset, setPageOffset] = useState(0);
  const [isFullScreen, setFullScreen] = useState(false);
  useWakeLock(isKiosk());
  // Should its camera come back, it is one among the others.
  if (soloKey !== undefined && tiles.tiles.every(({ key }) => key !== soloKey)) setSoloKey(undefined);
  // While one tile fills the screen nothing turns away under it.
  const turns = useEvery(soloKey === undefined ? options.rotateSeconds * 1000 : 0) + pageOffset;
  const figures = useMemo(
    () => figureDisplays(fieldConfig, theme, timeZone, replaceVariables, t),
    [fieldConfig, theme, timeZone, replaceVariables, t],
  );

  // Without it, nothing but pictures.
  const caption = options.showTitles || options.figures.length > 0 ? tileCaption(innerWidth) : noCaption;
  const isSpotlight = options.layout === 'spotlight';
  const ordered = isSpotlight ? turned(tiles.tiles, turns) : tiles.tiles;
  const { items, page, pages } = pageOf(ordered, options.perPage, isSpotlight ? 0 : turns);
  const {
    rects,
    columns,
    height: wallHeight,
  } = arrange(items.length, { width, height }, options.layout, options.columns, caption);
  const keys = items.map((tile) => tile.key);
  const solo = soloKey !== undefined && keys.includes(soloKey) ? soloKey : undefined;
  const current = currentKey !== undefined && keys.includes(currentKey) ? currentKey : keys[0];

  const leaveSolo = () => {
    setSoloKey(undefined);
    if (document.fullscreenElement === wallRef.current) document.exitFullscreen().catch(() => undefined);
  };
  const toggleSolo = (key: string) => {
    if (solo !== undefined) return leaveSolo();
    setSoloKey(key);
    // Where the browser refuses, the tile fills the panel instead.
    wallRef.current?.requestFullscreen({ navigationUI: 'hide' }).catch(() => undefined);
  };
  useEffect(() => {
    const onChange = () => {
      const isOurs = document.fullscreenElement !== null && document.fullscreenElement === wallRef.current;
      setFullScreen(isOurs);
      if (!isOurs) setSoloKey(undefined);
    };
    document.addEventListener('fullscreenchange', onChange);
    return () => document.removeEventListener('fullscreenchange', onChange);
  }, []);

  // Not before it is drawn: until then all tiles but the one that fills the screen are inert.
  useLayoutEffect(() => {
    if (focusNext.current !== undefined) buttons.current.get(focusNext.current)?.focus();
    focusNext.current = undefined;
  });

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === 'Escape' && solo !== undefined) {
      event.stopPropagation();
      return leaveSolo();
    }
    const direction = directions[event.key];
    if (direction === undefined || current === undefined) return;
    event.preventDefault();
    // Grafana has shortcuts of its own on the same keys.
    event.stopPropagation();
    const next =
      keys[neighbour(keys.indexOf(current), direction, keys.length, solo === undefined ? columns : 1)];
    if (next === undefined) return;
    setCurrentKey(next);
    if (solo !== undefined) setSoloKey(next);
    focusNext.current = next;
  };

  useEvery(isRendering() ? 0 : SHIFT_EVERY_MS);
  const shift = isRendering() ? {} : shiftVariables(pixelShift(Date.now()));
  const hoverText =
    hover.atMs === undefined
      ? undefined
      : t('hovered', {
          time: dateTimeFormat(hover.atMs, { timeZone, format: 'HH:mm:ss' }),
          age: durationText(Date.now() - hover.atMs, t),
        });
  const panelAlert = props.isAlerting && tiles.tiles.length === 1 ? t('panel-alerting') : undefined;
  const context = {
    frames: tiles.frames,
    options,
    replaceVariables,
    hoverMs: hover.atMs,
    toMs: props.toMs,
    panelAlert,
  };
  return (
    <div
      ref={wallRef}
      className={styles.wall}
      style={shift}
      data-testid={testIds.wall}
      onKeyDown={onKeyDown}
      onPointerMove={() => hover.publish(Date.now())}
      onPointerLeave={() => hover.publish(undefined)}
    >
      <ul className={styles.list} aria-label={t('cameras')} style={{ height: wallHeight }}>
        {items.map((tile, index) => {
          const stream = news.streams.get(tile.stream);
          const rect = rects[index];
          if (rect === undefined) return null;
          return (
            <Tile
              key={tile.key}
              model={tileModel(tile, stream, context)}
              source={source}
              stream={stream}
              relayOffsetMs={news.offsetMs}
              rect={rect}
              hasCaption={caption !== noCaption}
              options={options}
              figures={figures}
              hover={hoverText}
              hoverMs={hover.atMs}
              timeZone={timeZone}
              mark={mark}
              solo={tile.key === solo ? (isFullScreen ? 'screen' : 'panel') : undefined}
              isHidden={solo !== undefined && tile.key !== solo}
              isInTabOrder={tile.key === current}
              onOpen={() => toggleSolo(tile.key)}
              onFocus={() => setCurrentKey(tile.key)}
              buttonRef={(button) => {
                if (button === null) buttons.current.delete(tile.key);
                else buttons.current.set(tile.key, button);
              }}
            />
          );
        })}
      </ul>
      {pages > 1 && (
        <nav className={styles.page} aria-label={t('page', { page: page + 1, pages })}>
          {Array.from({ length: pages }, (_, index) => (
            <button
              key={index}
              type="button"
              className={styles.pageButton}
              aria-label={t('page', { page: index + 1, pages })}
              aria-current={index === page}
              onClick={() => setPageOffset((before) => before + ((index - page + pages) % pages))}
            />
          ))}
        </nav>
      )}
    </div>
  );
}
