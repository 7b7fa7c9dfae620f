/** Calls its argument at every SIGHUP from now on, and at once when one came before. */
export type FollowHangUps = (reload: () => void) => void;

/**
 * From now on SIGHUP ends nothing: it calls what the function returned is given. What came before that is made up for once,
 * as the file may have been read already.
 */
export function catchHangUps(): FollowHangUps {
  let isDue = false;
  let reload = (): void => void (isDue = true);
  process.on('SIGHUP', () => reload());
  return (follow) => {
    reload = follow;
    if (isDue) follow();
  };
}
