import { css, keyframes } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import type { TileState } from '@sightline/media-relay/client';

/** Upon pictures, which are no surface of the theme: white with a shadow is legible on all of them. */
const ink = { text: '#fff', quiet: '#d3dbe3', shadow: '0 1px 2px #000c', scrim: '#000c', night: '#000' };

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
    message: css({
      display: 'flex',
      flexDirection: 'column',
      alignItems: 'center',
      justifyContent: 'center',
      gap: theme.spacing(1),
      height: '100%',
      padding: theme.spacing(2),
      color: theme.colors.text.secondary,
      textAlign: 'center',
      textWrap: 'balance',
    }),
    messageTitle: css({
      color: theme.colors.text.primary,
      fontSize: theme.typography.h4.fontSize,
      fontWeight: theme.typography.fontWeightMedium,
    }),
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
  const band = {
    position: 'absolute',
    left: 0,
    right: 0,
    zIndex: 2,
    display: 'flex',
    alignItems: 'center',
    gap: '0.6em',
    color: ink.text,
    textShadow: ink.shadow,
    whiteSpace: 'nowrap',
    // Grows slower than the tile: large on a video wall, still small on a small panel.
    fontSize: 'clamp(11px, 7px + 1.4cqw, 40px)',
    pointerEvents: 'none',
  } as const;
  return {
    tile: css({
      position: 'absolute',
      containerType: 'size',
      overflow: 'hidden',
      borderRadius: theme.shape.radius.default,
      background: theme.colors.background.secondary,
      color: theme.colors.text.primary,
      '&[data-inked=true]': { background: ink.night, color: ink.text },
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
      background: ink.night,
    }),
    // Where the browser refuses the whole screen.
    soloInPanel: css({ position: 'absolute' }),
    picture: css({
      ...fill,
      '& video, & canvas': { position: 'absolute', inset: 0, width: '100%', height: '100%' },
      '&[data-fit=contain] :is(video, canvas)': { objectFit: 'contain' },
      '&[data-fit=cover] :is(video, canvas)': { objectFit: 'cover' },
      '& canvas': { visibility: 'hidden' },
      '&[data-shows=still] canvas': { visibility: 'visible', filter: 'grayscale(1) brightness(0.42)' },
      '&[data-shows=stills] canvas': { visibility: 'visible' },
      '&[data-shows=still] video, &[data-shows=stills] video, &[data-shows=nothing] video': {
        visibility: 'hidden',
      },
    }),
    head: css({
      ...band,
      top: 0,
      padding: '0.5em 0.7em 1.2em',
      background: `linear-gradient(${ink.scrim} 40%, transparent)`,
      '[data-inked=false] > &': { background: 'none', color: theme.colors.text.primary, textShadow: 'none' },
    }),
    foot: css({
      ...band,
      bottom: 0,
      flexWrap: 'wrap',
      rowGap: '0.1em',
      columnGap: '1.1em',
      padding: '1.2em 0.7em 0.5em',
      background: `linear-gradient(transparent, ${ink.scrim} 60%)`,
      '&:empty': { display: 'none' },
      '[data-inked=false] > &': { background: 'none', color: theme.colors.text.primary, textShadow: 'none' },
      '@container (height < 120px)': { flexWrap: 'nowrap', overflow: 'hidden' },
    }),
    names: css({ display: 'flex', flex: 1, alignItems: 'baseline', gap: '0.6em', minWidth: 0 }),
    title: css({
      overflow: 'hidden',
      textOverflow: 'ellipsis',
      fontWeight: theme.typography.fontWeightBold,
    }),
    site: css({
      flexShrink: 2,
      overflow: 'hidden',
      textOverflow: 'ellipsis',
      color: ink.quiet,
      '[data-inked=false] &': { color: theme.colors.text.secondary },
      '@container (width < 260px)': { display: 'none' },
    }),
    badge: css({ display: 'flex', flex: 'none', alignItems: 'center', gap: '0.4em' }),
    badgeWord: css({ '@container (width < 260px)': { display: 'none' } }),
    shape: css({ flex: 'none', width: '0.85em', height: '0.85em', fill: 'var(--tile-state)' }),
    bell: css({ flex: 'none', width: '1em', height: '1em', fill: theme.visualization.getColorByName('red') }),
    turning: css({
      '@media (prefers-reduced-motion: no-preference)': { animation: `${turn} 1.4s linear infinite` },
    }),
    figure: css({ '@container (width < 260px)': { '&:nth-of-type(n + 3)': { display: 'none' } } }),
    overlay: css({
      display: 'inline-flex',
      alignItems: 'baseline',
      gap: '0.35em',
      minWidth: 0,
      color: 'inherit',
      'a&': { zIndex: 5, pointerEvents: 'auto', textDecoration: 'underline', textUnderlineOffset: '0.2em' },
    }),
    overlayName: css({ color: ink.quiet, '[data-inked=false] &': { color: theme.colors.text.secondary } }),
    overlayValue: css({ fontWeight: theme.typography.fontWeightMedium }),
    dot: css({ alignSelf: 'center', width: '0.55em', height: '0.55em', borderRadius: '50%' }),
    flag: css({
      padding: '0 0.45em',
      borderRadius: theme.shape.radius.default,
      background: theme.visualization.getColorByName('orange'),
      color: theme.colors.getContrastText(theme.visualization.getColorByName('orange')),
      fontWeight: theme.typography.fontWeightMedium,
      textShadow: 'none',
    }),
    hover: css({
      padding: '0 0.45em',
      borderRadius: theme.shape.radius.default,
      background: ink.scrim,
      color: ink.text,
    }),
    trouble: css({
      ...fill,
      zIndex: 1,
      display: 'flex',
      flexDirection: 'column',
      alignItems: 'center',
      justifyContent: 'center',
      gap: '0.35em',
      padding: '2.4em 6cqw 0.8em',
      fontSize: 'clamp(11px, 7px + 1.6cqw, 44px)',
      textAlign: 'center',
      pointerEvents: 'none',
      // A tile that only joins shows its picture sooner than anybody has read why it does not.
      '[data-state=connecting] > &': { animation: `${appear} 0.2s 0.5s both` },
    }),
    troubleShape: css({
      width: 'clamp(18px, 7cqw, 96px)',
      height: 'clamp(18px, 7cqw, 96px)',
      fill: 'var(--tile-state)',
    }),
    troubleWord: css({ fontSize: '1.25em', fontWeight: theme.typography.fontWeightBold }),
    sentence: css({
      display: '-webkit-box',
      overflow: 'hidden',
      maxWidth: '46em',
      margin: 0,
      WebkitBoxOrient: 'vertical',
      WebkitLineClamp: 4,
      textWrap: 'balance',
      '@container (height < 130px)': { WebkitLineClamp: 2 },
    }),
    age: css({
      margin: 0,
      color: ink.quiet,
      '[data-inked=false] &': { color: theme.colors.text.secondary },
      '@container (height < 130px)': { display: 'none' },
    }),
    open: css({
      ...fill,
      zIndex: 3,
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
    sound: css({
      position: 'relative',
      zIndex: 5,
      display: 'grid',
      flex: 'none',
      placeItems: 'center',
      width: '2em',
      height: '2em',
      margin: '-0.5em 0',
      padding: 0,
      border: 0,
      borderRadius: theme.shape.radius.circle,
      background: ink.scrim,
      cursor: 'pointer',
      pointerEvents: 'auto',
      '& svg': { width: '1.1em', height: '1.1em', fill: ink.text },
      '&:focus-visible': { outline: `2px solid ${theme.colors.primary.text}` },
    }),
  };
}
