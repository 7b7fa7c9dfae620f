/** How a kept picture's file is called. Pure. */

const kept = /^(\d{4}-\d\d-\d\dT\d\d)-(\d\d)-(\d\d\.\d{3}Z)\.jpg$/;

/** ISO 8601 without colons, which some file systems do not take. `atMs`: Unix ms up to the year 9999. */
export function fileName(atMs: number): string {
  return `${new Date(atMs).toISOString().replaceAll(':', '-')}.jpg`;
}

/** Unix ms; undefined for a name that `fileName` does not make. */
export function timeOf(name: string): number | undefined {
  const [, hour, minute, second] = kept.exec(name) ?? [];
  if (hour === undefined) return undefined;
  const atMs = Date.parse(`${hour}:${minute}:${second}`);
  // The 30th of February parses, as another day.
  return Number.isFinite(atMs) && fileName(atMs) === name ? atMs : undefined;
}
