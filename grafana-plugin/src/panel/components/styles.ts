import { css, keyframes } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import type { TileState } from '@sightline/media-relay/client';
import { iconButton } from './icon-button.ts';

/** Upon pictures, which are no surface of the theme: white with a shadow is legible on all of them. */
const ink = { text: '#fff', quiet: '#d3dbe3', scrim: '#000c', night: '#000' };

/** Grafana's own bold is 500, which nobody tells from plain text at three metres. */
const BOLD = 600;

/** Korean breaks between words, as other languages do. */
const byWords = { wordBreak: 'keep-all', overflowWrap: 'anywhere' } as const;

const turn = keyframes({ to: { transform: 'rotate(1turn)' } });
const appear = keyframes({ from: { opacity: 0 }, to: { opacity: 1 } });

export function getWallStyles(theme: GrafanaTheme2) {
  return {
    wall: css({
      position: 'relative',
      width: '100%',
      height: '100%',
      overflow: 'hidden auto',
      fontVariantNumeric: 'tabular-nums',
      '&:fullscreen': { background: ink.night },
    }),
    list: css({ position: 'relative', margin: 0, padding: 0, listStyle: 'none' }),
    page: css({
      position: 'absolute',
      right: theme.spacing(1),
      bottom: theme.spacing(1),
      zIndex: 5,
      display: 'flex',
      gap: theme.spacing(0.5),
      padding: theme.spacing(0.5),
      borderRadius: theme.shape.radius.pill,
      background: ink.scrim,
    }),
    pageButton: css({
      width: 10,
      height: 10,
      padding: 0,
      border: `1px solid ${ink.text}`,
      borderRadius: theme.shape.radius.circle,
      background: 'none',
      cursor: 'pointer',
      '&[aria-current=true]': { background: ink.text },
      // The dot is small, the finger is not.
      position: 'relative',
      '&::after': { content: '""', position: 'absolute', inset: -7 },
    }),
    // Words grow with the panel, as on tiles: who passes by a wall display shall see what it lacks.
    messageBox: css({ containerType: 'size', width: '100%', height: '100%' }),
    message: css({
      display: 'flex',
      flexDirection: 'column',
      alignItems: 'center',
      justifyContent: 'safe center',
      gap: '0.5em',
      height: '100%',
      padding: '0.8em',
      overflow: 'auto',
      color: theme.colors.text.secondary,
      fontSize: 'clamp(13px, min(2cqw, 4.4cqh), 48px)',
      textAlign: 'center',
      ...byWords,
      textWrap: 'balance',
    }),
    messageShape: css({
      flex: 'none',
      '& svg': { display: 'block', width: '2.4em', height: '2.4em' },
      '@container (height < 160px)': { display: 'none' },
    }),
    messageTitle: css({ color: theme.colors.text.primary, fontSize: '1.4em', fontWeight: BOLD }),
    messageText: css({ maxWidth: '46em', margin: 0 }),
  };
}

export function stateColor(state: TileState, theme: GrafanaTheme2): string {
  switch (state) {
    case 'live':
      return theme.visualization.getColorByName('green');
    case 'connecting':
      return theme.visualization.getColorByName('light-blue');
    case 'stalled':
    case 'over-capacity':
    case 'blocked':
      return theme.visualization.getColorByName('orange');
    case 'offline':
    case 'denied':
      return theme.visualization.getColorByName('red');
  }
}

export function getTileStyles(theme: GrafanaTheme2) {
  const fill = { position: 'absolute', inset: 0 } as const;
  const picture = { ...fill, bottom: 'var(--caption)' } as const;
  // Against burn-in: pixel-shift.ts.
  const shifts = {
    '@media (prefers-reduced-motion: no-preference)': { translate: 'var(--shift-x, 0) var(--shift-y, 0)' },
  } as const;
  return {
    tile: css({
      position: 'absolute',
      containerType: 'size',
      overflow: 'hidden',
      borderRadius: theme.shape.radius.default,
      background: theme.colors.background.secondary,
      color: theme.colors.text.primary,
      // As the relay's own wall has it: grid.ts.
      '--caption': '0px',
      '&[data-captioned=true]': { '--caption': 'clamp(22px, 6cqw, 3vw)' },
      // The border lies on the picture, so that no state changes the picture's size.
      '&::after': {
        ...fill,
        zIndex: 4,
        borderRadius: 'inherit',
        boxShadow: 'inset 0 0 0 var(--tile-border-width) var(--tile-border)',
        content: '""',
        pointerEvents: 'none',
      },
    }),
    solo: css({
      position: 'fixed',
      inset: 0,
      zIndex: 10,
      borderRadius: 0,
      '&[data-captioned=true]': { '--caption': 'clamp(28px, 2.6cqw, 72px)' },
    }),
    // Where the browser refuses the whole screen.
    soloInPanel: css({ position: 'absolute' }),
    picture: css({
      ...picture,
      '&:not([data-shows=nothing])': { background: ink.night },
      '& video, & canvas': { position: 'absolute', inset: 0, width: '100%', height: '100%' },
      '&[data-fit=contain] :is(video, canvas)': { objectFit: 'contain' },
      '&[data-fit=cover] :is(video, canvas)': { objectFit: 'cover' },
      '& canvas': { visibility: 'hidden' },
      // While one tile fills the screen nobody sees the others: the client ends their sessions.
      '[inert] > & video': { display: 'none' },
      '&[data-shows=still] canvas': { visibility: 'visible', filter: 'grayscale(1) brightness(0.42)' },
      '&[data-shows=stills] canvas': { visibility: 'visible' },
      '&[data-shows=still] video, &[data-shows=stills] video, &[data-shows=nothing] video': {
        visibility: 'hidden',
      },
    }),
    caption: css({
      position: 'absolute',
      right: 0,
      bottom: 0,
      left: 0,
      zIndex: 2,
      display: 'flex',
      alignItems: 'center',
      gap: '1em',
      height: 'var(--caption)',
      padding: '0 0.7em',
      fontSize: 'calc(var(--caption) / 1.8)',
      whiteSpace: 'nowrap',
      pointerEvents: 'none',
      ...shifts,
      '@container (width < 160px)': { gap: '0.4em', padding: '0 0.45em' },
    }),
    names: css({
      display: 'flex',
      flex: '0 1 auto',
      alignItems: 'baseline',
      gap: '0.6em',
      minWidth: 0,
      overflow: 'hidden',
    }),
    title: css({
      overflow: 'hidden',
      textOverflow: 'ellipsis',
      fontWeight: BOLD,
    }),
    site: css({
      flexShrink: 1000,
      overflow: 'hidden',
      textOverflow: 'ellipsis',
      color: theme.colors.text.secondary,
      '@container (width < 260px)': { display: 'none' },
    }),
    // Figures for which there is no room wrap out of sight, the last one first.
    figures: css({
      display: 'flex',
      flex: '1 1 0',
      flexWrap: 'wrap',
      justifyContent: 'flex-end',
      gap: '0.5em 0.9em',
      height: '1.5em',
      minWidth: 0,
      overflow: 'hidden',
      color: theme.colors.text.secondary,
      fontSize: '0.88em',
      lineHeight: 1.5,
      '@container (width < 260px)': { display: 'none' },
    }),
    warning: css({
      padding: '0 0.45em',
      borderRadius: '0.2em',
      background: theme.visualization.getColorByName('orange'),
      color: theme.colors.getContrastText(theme.visualization.getColorByName('orange')),
      fontWeight: theme.typography.fontWeightBold,
    }),
    badge: css({ display: 'flex', flex: 'none', alignItems: 'center', gap: '0.4em', marginLeft: 'auto' }),
    badgeWord: css({ '@container (width < 260px)': { display: 'none' } }),
    shape: css({ flex: 'none', width: '0.85em', height: '0.85em', fill: 'var(--tile-state)' }),
    bell: css({ flex: 'none', alignSelf: 'center', width: '0.95em', height: '0.95em', fill: 'currentcolor' }),
    turning: css({
      '@media (prefers-reduced-motion: no-preference)': { animation: `${turn} 1.4s linear infinite` },
    }),
    notes: css({
      position: 'absolute',
      bottom: 'calc(var(--caption) + 0.6em)',
      left: '0.7em',
      right: '0.7em',
      zIndex: 2,
      display: 'flex',
      flexWrap: 'wrap-reverse',
      gap: '0.35em',
      fontSize: 'clamp(12px, 3.3cqw, max(12px, 1.7vw))',
      whiteSpace: 'nowrap',
      pointerEvents: 'none',
      ...shifts,
      '@container (height < 120px)': { flexWrap: 'nowrap', overflow: 'hidden' },
    }),
    // On a picture, which may have any colour.
    note: css({
      display: 'inline-flex',
      alignItems: 'baseline',
      gap: '0.4em',
      maxWidth: '100%',
      padding: '0 0.45em',
      overflow: 'hidden',
      borderRadius: '0.2em',
      background: ink.scrim,
      color: ink.text,
      lineHeight: 1.5,
    }),
    noteText: css({ overflow: 'hidden', textOverflow: 'ellipsis' }),
    alert: css({
      background: '#c4162a',
      color: ink.text,
      fontWeight: theme.typography.fontWeightMedium,
    }),
    flag: css({
      background: theme.visualization.getColorByName('orange'),
      color: theme.colors.getContrastText(theme.visualization.getColorByName('orange')),
      fontWeight: theme.typography.fontWeightMedium,
    }),
    overlay: css({
      'a&': { zIndex: 5, pointerEvents: 'auto', textDecoration: 'underline', textUnderlineOffset: '0.2em' },
    }),
    // Where there is no room for both, the value.
    overlayName: css({ color: ink.quiet, '@container (width < 160px)': { display: 'none' } }),
    overlayValue: css({ fontWeight: theme.typography.fontWeightMedium }),
    dot: css({ flex: 'none', alignSelf: 'center', width: '0.55em', height: '0.55em', borderRadius: '50%' }),
    trouble: css({
      ...picture,
      zIndex: 1,
      display: 'flex',
      flexDirection: 'column',
      alignItems: 'center',
      justifyContent: 'center',
      gap: '0.35em',
      padding: '0.8em 6cqw',
      fontSize: 'clamp(11px, 3.4cqw, max(44px, 1.7vw))',
      textAlign: 'center',
      ...byWords,
      pointerEvents: 'none',
      '[data-inked=true] > &': { color: ink.text },
      ...shifts,
      // A tile that only joins shows its picture sooner than anybody has read why it does not.
      '[data-state=connecting] > &': { animation: `${appear} 0.2s 0.5s both` },
    }),
    troubleShape: css({
      flex: 'none',
      width: 'clamp(18px, 7cqw, max(96px, 3.4vw))',
      height: 'clamp(18px, 7cqw, max(96px, 3.4vw))',
      fill: 'var(--tile-state)',
      // The caption has it, too.
      '@container (height < 80px)': { display: 'none' },
    }),
    troubleWord: css({
      fontSize: '1.25em',
      fontWeight: BOLD,
      '@container (height < 80px)': { fontSize: '1em', whiteSpace: 'nowrap' },
    }),
    sentence: css({
      display: '-webkit-box',
      overflow: 'hidden',
      maxWidth: '46em',
      margin: 0,
      WebkitBoxOrient: 'vertical',
      WebkitLineClamp: 6,
      textWrap: 'balance',
      '@container (height < 190px)': { WebkitLineClamp: 4 },
      '@container (height < 130px)': { WebkitLineClamp: 2 },
      // Half a line says nothing; the word does, and who opens the tile reads the rest.
      '@container (height < 100px)': { display: 'none' },
    }),
    age: css({
      margin: 0,
      color: theme.colors.text.secondary,
      '[data-inked=true] &': { color: ink.quiet },
      '@container (height < 130px)': { display: 'none' },
    }),
    // Below caption and notes: what can be clicked there lies above it.
    open: css({
      ...fill,
      zIndex: 1,
      width: '100%',
      height: '100%',
      padding: 0,
      border: 0,
      borderRadius: 'inherit',
      background: 'none',
      cursor: 'pointer',
      '&:focus-visible': {
        outline: `3px solid ${theme.colors.primary.text}`,
        outlineOffset: -3,
        boxShadow: `inset 0 0 0 5px ${ink.scrim}`,
      },
    }),
    sound: css(iconButton(theme)),
  };
}
