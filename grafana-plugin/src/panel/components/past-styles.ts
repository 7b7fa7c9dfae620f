import { css } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { iconButton } from './icon-button.ts';

export function getPastStyles(theme: GrafanaTheme2) {
  return {
    // Over the live picture, which goes on below it.
    past: css({
      position: 'absolute',
      inset: 0,
      bottom: 'var(--caption)',
      zIndex: 1,
      background: '#000',
      '& canvas': {
        position: 'absolute',
        inset: 0,
        width: '100%',
        height: '100%',
        filter: 'saturate(0.35)',
      },
      '&[data-fit=contain] canvas': { objectFit: 'contain' },
      '&[data-fit=cover] canvas': { objectFit: 'cover' },
      // A frame that no live tile has: broken, and without colour.
      '&::after': {
        position: 'absolute',
        inset: 0,
        border: 'max(3px, 0.6cqw) dashed #b9c0c7',
        content: '""',
      },
    }),
    clock: css({
      display: 'inline-flex',
      alignItems: 'baseline',
      gap: '0.6em',
      padding: '0.1em 0.5em',
      borderRadius: '0.2em',
      background: '#000d',
      color: '#fff',
    }),
    time: css({ fontSize: '1.7em', fontWeight: theme.typography.fontWeightBold, lineHeight: 1.3 }),
    age: css({ '@container (width < 260px)': { display: 'none' } }),
    mark: css({
      ...iconButton(theme),
      opacity: 0.7,
      '&:hover, &:focus-visible, &[data-outcome]': { opacity: 1 },
      '&[data-outcome=failed]': { color: theme.colors.error.text },
      '@container (width < 200px)': { display: 'none' },
    }),
    // Read aloud; the shape says it to the eye.
    aloud: css({
      position: 'absolute',
      width: 1,
      height: 1,
      overflow: 'hidden',
      clipPath: 'inset(50%)',
      whiteSpace: 'nowrap',
    }),
  };
}
