/** Widths in pixels that pictures are made in: few, so that what one viewer's picture cost serves the others. */
export const pictureWidths = [160, 320, 480, 640, 960, 1280, 1920] as const;

export const minWidth = 16;
export const maxWidth = 3840;

/** The next larger width, or undefined for the camera's own. */
export function pictureWidth(asked: number | undefined): number | undefined {
  return asked === undefined ? undefined : pictureWidths.find((width) => width >= asked);
}
