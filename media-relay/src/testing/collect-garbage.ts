/** Now, in this thread. C holds addresses of ours: what lies there must stay. */
export function collectGarbage(): void {
  if (!globalThis.gc) throw new Error('run with --expose-gc');
  globalThis.gc();
}
