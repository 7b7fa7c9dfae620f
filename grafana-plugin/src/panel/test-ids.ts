/** What tests look for, in one place for components and tests. */
export const testIds = {
  wall: 'sightline-wall',
  tile: 'sightline-tile',
  open: 'sightline-open',
  badge: 'sightline-badge',
  sentence: 'sightline-sentence',
  age: 'sightline-age',
  stillAge: 'sightline-still-age',
  figures: 'sightline-figures',
  overlay: 'sightline-overlay',
  hover: 'sightline-hover',
  message: 'sightline-message',
  past: 'sightline-past',
  mark: 'sightline-mark',
} as const;
