import type { CheckedPayload, SinkReport } from './sink.ts';

export interface Checked {
  /** Whole pictures, byte by byte those of their camera. */
  readonly checkedFrames: number;
  readonly payloadErrors: number;
  /** Key frames that came instead of the next picture: pictures were left out, or came again. None on a good path. */
  readonly bursts: number;
}

export function sumChecked(all: readonly Checked[]): Checked {
  const sum = (key: keyof Checked): number => all.reduce((total, checked) => total + checked[key], 0);
  return { checkedFrames: sum('checkedFrames'), payloadErrors: sum('payloadErrors'), bursts: sum('bursts') };
}

/**
 * What the viewers that verify have found, since `before` or since they came. Throws when a packet was not authentic, when
 * a picture was not the next one of its camera, or when one of them saw no picture at all.
 */
export function checkPayloads(after: SinkReport, before?: SinkReport): Checked {
  if (after.decryptErrors > 0) throw new Error(`${after.decryptErrors} packets failed their authentication`);
  const all: Checked[] = [];
  for (const { id, payload } of after.sessions) {
    if (!payload) continue;
    const earlier = before?.sessions.find((session) => session.id === id)?.payload;
    const checkedFrames = payload.checkedFrames - (earlier?.checkedFrames ?? 0);
    if (payload.errors > 0)
      throw new Error(`viewer ${id}: ${payload.errors} errors, first ${payload.problem}`);
    if (checkedFrames === 0) throw new Error(`viewer ${id} verifies, and got no picture`);
    if (payload.held === 0 && !isOwnCamera(payload, after.atMs))
      throw new Error(`viewer ${id} sees another camera than its own`);
    all.push({
      checkedFrames,
      payloadErrors: payload.errors,
      bursts: payload.bursts - (earlier?.bursts ?? 0),
    });
  }
  return sumChecked(all);
}

/** Cameras of one file send it out of step: who gets what another one sends now is far behind its own, or ahead of it. */
export function isOwnCamera({ lastFrame, sent }: CheckedPayload, atMs: number): boolean {
  const { frames, firstFrame, startMs, fps, cameras } = sent;
  const now = firstFrame + Math.floor(((atMs - startMs) * fps) / 1000);
  const behind = (((now - lastFrame) % frames) + frames) % frames;
  return behind < frames / cameras;
}
