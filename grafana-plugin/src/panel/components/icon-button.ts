import type { GrafanaTheme2 } from '@grafana/data';

/** A small button in a tile's caption, above the one that opens the tile. It grows with the caption's text. */
export function iconButton(theme: GrafanaTheme2) {
  return {
    position: 'relative',
    zIndex: 5,
    display: 'grid',
    flex: 'none',
    placeItems: 'center',
    width: '1.7em',
    height: '1.7em',
    margin: '-0.35em',
    padding: 0,
    border: 0,
    borderRadius: theme.shape.radius.circle,
    background: 'none',
    color: 'inherit',
    cursor: 'pointer',
    pointerEvents: 'auto',
    '& svg': { width: '1.1em', height: '1.1em', fill: 'currentcolor' },
    '&:focus-visible': { outline: `2px solid ${theme.colors.primary.text}` },
  } as const;
}
