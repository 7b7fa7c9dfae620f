import { cx } from '@emotion/css';
import { formattedValueToString } from '@grafana/data';
import { useStyles2, useTheme2 } from '@grafana/ui';
import { useEffect, useRef } from 'react';
import type { CSSProperties } from 'react';
import type { RelayStream } from '../../relay/relay-streams.ts';
import { isRendering } from '../../relay/rendering.ts';
import type { RelaySource } from '../../relay/relay-source.ts';
import { figureValue } from '../data/figures.ts';
import type { FigureDisplay } from '../data/figures.ts';
import type { Rect } from '../data/layout.ts';
import { durationText, flagText, present } from '../data/presentation.ts';
import type { Presentation } from '../data/presentation.ts';
import type { TileModel } from '../data/tile-model.ts';
import { useEvery } from '../hooks/use-every.ts';
import type { Mark } from '../hooks/use-mark.ts';
import { usePastPicture } from '../hooks/use-past-picture.ts';
import type { PastPictureShown } from '../hooks/use-past-picture.ts';
import { useTileSession, useTileSnapshot } from '../hooks/use-tile-session.ts';
import type { FigureName, WallOptions } from '../options.ts';
import { pageSessions } from '../player/page-sessions.ts';
import type { TileSession, TileSnapshot } from '../player/tile-session.ts';
import { panelSentences, relaySaid } from '../sentences.ts';
import { testIds } from '../test-ids.ts';
import { MarkButton } from './mark-button.tsx';
import { Past, PastBadge, PastClock, pastLabel } from './past.tsx';
import { AlertShape, SoundShape, StateShape } from './state-shape.tsx';
import { getTileStyles, stateColor } from './styles.ts';

export interface TileProps {
  readonly model: TileModel;
  readonly source: RelaySource;
  readonly stream: RelayStream | undefined;
  /** Relay clock minus the browser's, ms. */
  readonly relayOffsetMs: number;
  readonly rect: Rect;
  /** Name, figures and state below the picture; else there is only the picture, and what is wrong with it. */
  readonly hasCaption: boolean;
  readonly options: WallOptions;
  readonly figures: Readonly<Record<FigureName, FigureDisplay>>;
  /** The moment that the shared crosshair points at, as text. */
  readonly hover: string | undefined;
  /** The same, Unix ms. */
  readonly hoverMs: number | undefined;
  readonly timeZone: string;
  /** Undefined where this user may not. */
  readonly mark: Mark | undefined;
  /** What it fills alone. */
  readonly solo: 'screen' | 'panel' | undefined;
  readonly isHidden: boolean;
  readonly isInTabOrder: boolean;
  readonly onOpen: () => void;
  readonly onFocus: () => void;
  readonly buttonRef: (button: HTMLButtonElement | null) => void;
}

export function Tile(props: TileProps) {
  const { model, source, stream, rect, options, solo } = props;
  const t = panelSentences();
  const theme = useTheme2();
  const styles = useStyles2(getTileStyles);
  const session = useTileSession(source, model.tile.stream);
  const snapshot = useTileSnapshot(session);
  useRetryWhenBack(session, stream?.state);
  const shown = present(
    snapshot?.state ?? 'connecting',
    snapshot?.detail ?? { code: undefined, sentence: '' },
    stream,
    snapshot?.showsStills ?? false,
    t,
    relaySaid(),
  );
  const shows = picture(snapshot, shown);
  const tileRef = useRef<HTMLLIElement>(null);
  const past = usePastPicture(source, model.tile.stream, props.hoverMs, props.relayOffsetMs, tileRef);
  const nowMs = Date.now() + props.relayOffsetMs;
  const border = borderOf(
    props,
    shown,
    stateColor(shown.state, theme),
    theme.visualization.getColorByName('red'),
  );
  const label = [
    model.site === undefined ? model.title : `${model.title}, ${model.site}`,
    shown.state === 'live' ? shown.word : `${shown.word}: ${shown.sentence}`,
    ...(past === undefined ? [] : [pastLabel(past.atMs, nowMs, props.timeZone)]),
    ...(model.alerts.length === 0 ? [] : [t('alerting', { names: model.alerts.join(', ') })]),
  ].join(', ');
  const position: CSSProperties = solo === undefined ? { ...rect } : {};
  const variables = {
    '--tile-state': stateColor(shown.state, theme),
    '--tile-border': border.color,
    // A picture of the past has a frame of its own.
    '--tile-border-width': past === undefined ? border.width : '0px',
  } as CSSProperties;
  return (
    <li
      ref={tileRef}
      className={cx(styles.tile, solo !== undefined && styles.solo, solo === 'panel' && styles.soloInPanel)}
      style={{ ...position, ...variables }}
      data-testid={testIds.tile}
      data-stream={model.tile.stream}
      data-state={shown.state}
      data-inked={shows !== 'nothing'}
      data-captioned={props.hasCaption}
      inert={props.isHidden}
    >
      <Picture session={session} shows={shows} fit={solo === undefined ? options.fit : 'contain'} />
      {past === undefined && shown.state !== 'live' && shows !== 'stills' && (
        <Trouble {...props} shown={shown} snapshot={snapshot} />
      )}
      {past !== undefined && <Past canvas={past.canvas} fit={solo === undefined ? options.fit : 'contain'} />}
      <Notes {...props} past={past} shown={shown} snapshot={snapshot} />
      {props.hasCaption && (
        <Caption {...props} past={past} shown={shown} session={session} snapshot={snapshot} />
      )}
      <button
        ref={props.buttonRef}
        type="button"
        className={styles.open}
        aria-label={label}
        tabIndex={props.isInTabOrder ? 0 : -1}
        data-testid={testIds.open}
        onClick={props.onOpen}
        onFocus={props.onFocus}
      />
    </li>
  );
}

type Shows = 'video' | 'still' | 'stills' | 'nothing';

/** A still picture of a camera that is down is its last one. */
function picture(snapshot: TileSnapshot | undefined, shown: Presentation): Shows {
  if (snapshot?.state === 'live') return 'video';
  if (snapshot?.showsStills === true && (shown.state === 'live' || shown.state === 'blocked'))
    return 'stills';
  return snapshot?.hasStill === true ? 'still' : 'nothing';
}

function borderOf(
  { model, options }: TileProps,
  shown: Presentation,
  stateColorNow: string,
  alertColor: string,
): { readonly color: string; readonly width: string } {
  const none = { color: 'transparent', width: '0px' };
  switch (options.border) {
    case 'none':
      return none;
    case 'state':
      if (model.alerts.length > 0) return { color: alertColor, width: 'max(3px, 0.35cqw)' };
      return shown.state === 'live' ? none : { color: stateColorNow, width: 'max(2px, 0.25cqw)' };
    case 'alert':
      return model.alerts.length > 0 ? { color: alertColor, width: 'max(3px, 0.35cqw)' } : none;
    case 'field':
      return model.borderColor === undefined
        ? none
        : { color: model.borderColor, width: 'max(3px, 0.35cqw)' };
  }
}

function Picture({
  session,
  shows,
  fit,
}: {
  readonly session: TileSession | undefined;
  readonly shows: Shows;
  readonly fit: string;
}) {
  const styles = useStyles2(getTileStyles);
  const hostRef = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (session !== undefined && hostRef.current !== null) session.attachTo(hostRef.current);
  }, [session]);
  return <div ref={hostRef} className={styles.picture} data-fit={fit} data-shows={shows} />;
}

interface PartProps extends TileProps {
  /** What is shown instead of the live picture. */
  readonly past?: PastPictureShown | undefined;
  readonly shown: Presentation;
  readonly snapshot: TileSnapshot | undefined;
}

/** Below the picture, not on it: cameras write their own time and name into its corners. */
function Caption({
  model,
  stream,
  shown,
  session,
  snapshot,
  options,
  figures,
  past,
  mark,
}: PartProps & { readonly session: TileSession | undefined }) {
  const t = panelSentences();
  const styles = useStyles2(getTileStyles);
  const isAudible = snapshot?.isAudible === true;
  const statistics = shown.state === 'live' && past === undefined ? snapshot?.statistics : undefined;
  return (
    <div className={styles.caption}>
      {options.showTitles && (
        <span className={styles.names}>
          <span className={styles.title}>{model.title}</span>
          {model.site !== undefined && <span className={styles.site}>{model.site}</span>}
        </span>
      )}
      <span className={styles.figures}>
        {snapshot?.showsStills === true && <StillAge takenMs={snapshot.lastFrameMs} />}
        {options.figures.map((name) => {
          const value = statistics === undefined ? undefined : figureValue(name, statistics);
          if (value === undefined) return null;
          const { label, display, isColored } = figures[name];
          return (
            <span
              key={name}
              title={label}
              data-testid={testIds.figures}
              data-figure={name}
              style={{ color: isColored ? display(value).color : undefined }}
            >
              {formattedValueToString(display(value))}
            </span>
          );
        })}
      </span>
      {stream !== undefined && stream.warnings.length > 0 && (
        <span
          className={styles.warning}
          role="img"
          aria-label={t('warning')}
          title={stream.warnings.map(({ code, message }) => relaySaid()('warning', code, message)).join('\n')}
        >
          !
        </span>
      )}
      {mark !== undefined && (
        <MarkButton
          title={model.title}
          onMark={() =>
            mark({
              stream: model.tile.stream,
              title: model.title,
              site: model.site,
              pastMs: past?.atMs,
            })
          }
        />
      )}
      {stream?.audioCodec !== undefined && (
        <button
          type="button"
          className={styles.sound}
          aria-pressed={isAudible}
          aria-label={t(isAudible ? 'sound.off' : 'sound.on', { title: model.title })}
          onClick={() => pageSessions().listenTo(isAudible ? undefined : session)}
        >
          <SoundShape on={isAudible} className="" />
        </button>
      )}
      <span className={styles.badge} data-testid={testIds.badge}>
        {past === undefined ? (
          <>
            <StateShape
              state={shown.shape}
              className={cx(styles.shape, shown.state === 'connecting' && styles.turning)}
            />
            <span className={styles.badgeWord}>{shown.word}</span>
          </>
        ) : (
          <PastBadge />
        )}
      </span>
    </div>
  );
}

/** Still pictures of a camera that is well look live, and are as old as its last key frame. */
function StillAge({ takenMs }: { readonly takenMs: number | undefined }) {
  const t = panelSentences();
  useEvery(isRendering() ? 0 : 1000);
  if (takenMs === undefined) return null;
  const ageMs = performance.timeOrigin + performance.now() - takenMs;
  return <span data-testid={testIds.stillAge}>{t('age.still', { age: durationText(ageMs, t) })}</span>;
}

/** On the picture, because they are few and matter: alerts, what is wrong with it, the fields that were asked for, the crosshair's moment. */
function Notes({ model, stream, hover, past, relayOffsetMs, timeZone }: PartProps) {
  const t = panelSentences();
  const styles = useStyles2(getTileStyles);
  return (
    <div className={styles.notes}>
      {model.alerts.map((name) => (
        <span key={name} className={cx(styles.note, styles.alert)} title={model.alerts.join('\n')}>
          <AlertShape className={styles.bell} />
          <span className={styles.noteText}>{name}</span>
        </span>
      ))}
      {(past === undefined ? (stream?.flags ?? []) : []).map((flag) => (
        <span key={flag} className={cx(styles.note, styles.flag)}>
          {flagText(flag, t)}
        </span>
      ))}
      {model.overlays.map((overlay) => (
        <OverlayValue key={overlay.name} {...overlay} />
      ))}
      {past !== undefined && (
        <PastClock atMs={past.atMs} nowMs={Date.now() + relayOffsetMs} timeZone={timeZone} />
      )}
      {hover !== undefined && past === undefined && (
        <span className={styles.note} data-testid={testIds.hover}>
          {hover}
        </span>
      )}
    </div>
  );
}

function Trouble({ shown, snapshot, stream, relayOffsetMs }: PartProps) {
  const styles = useStyles2(getTileStyles);
  return (
    <div className={styles.trouble}>
      <StateShape
        state={shown.shape}
        className={cx(styles.troubleShape, shown.state === 'connecting' && styles.turning)}
      />
      <strong className={styles.troubleWord}>{shown.word}</strong>
      <p className={styles.sentence} data-testid={testIds.sentence}>
        {shown.sentence}
      </p>
      <Age
        paintedMs={snapshot?.lastFrameMs}
        // Of a camera that is well it would say "now", and twitch.
        receivedMs={stream?.state === 'live' ? undefined : stream?.lastFrameMs}
        relayOffsetMs={relayOffsetMs}
      />
    </div>
  );
}

/** How old the newest picture is: the one shown here, else the one that the relay got. */
function Age({
  paintedMs,
  receivedMs,
  relayOffsetMs,
}: {
  readonly paintedMs: number | undefined;
  readonly receivedMs: number | undefined;
  readonly relayOffsetMs: number;
}) {
  const t = panelSentences();
  const styles = useStyles2(getTileStyles);
  useEvery(1000);
  const localMs = performance.timeOrigin + performance.now();
  if (paintedMs === undefined && receivedMs === undefined) return null;
  const text =
    paintedMs === undefined
      ? t('age.received', { age: durationText(Date.now() + relayOffsetMs - (receivedMs ?? 0), t) })
      : t('age.shown', { age: durationText(localMs - paintedMs, t) });
  return (
    <p className={styles.age} data-testid={testIds.age}>
      {text}
    </p>
  );
}

function OverlayValue({ name, text, color, href, linkTitle, opensTab }: TileModel['overlays'][number]) {
  const styles = useStyles2(getTileStyles);
  const content = (
    <>
      {color !== undefined && <span className={styles.dot} style={{ background: color }} />}
      <span className={styles.overlayName}>{name}</span>
      <span className={styles.overlayValue}>{text}</span>
    </>
  );
  if (href === undefined) {
    return (
      <span className={cx(styles.note, styles.overlay)} data-testid={testIds.overlay} data-field={name}>
        {content}
      </span>
    );
  }
  return (
    <a
      className={cx(styles.note, styles.overlay)}
      href={href}
      title={linkTitle}
      target={opensTab ? '_blank' : undefined}
      rel="noreferrer"
      data-testid={testIds.overlay}
      data-field={name}
    >
      {content}
    </a>
  );
}

/** The relay just got the camera back: do not sit out the back-off. */
function useRetryWhenBack(session: TileSession | undefined, state: RelayStream['state'] | undefined): void {
  const before = useRef(state);
  useEffect(() => {
    if (state === 'live' && before.current !== undefined && before.current !== 'live') session?.retryNow();
    before.current = state;
  }, [session, state]);
}
