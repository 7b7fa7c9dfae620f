import type { Response } from 'express';

/** API answers are true for a moment only: nothing on the way may keep them. */
export function sendJson(response: Response, value: unknown, status = 200): void {
  response.status(status).set('Cache-Control', 'no-store').json(value);
}
