/** What an answer that is no list means, in words that lead to a remedy. Pure. */
import { problemFrom } from '@sightline/media-relay/client';
import type { SignalResponse } from '@sightline/media-relay/client';
import type { Translate } from '../i18n/translate.ts';
import type { SentenceKey } from './sentences.ts';

export function troubleOf(
  response: Pick<SignalResponse, 'status' | 'body'> | undefined,
  hasToken: boolean | undefined,
  url: string,
  t: Translate<SentenceKey>,
): string {
  if (response === undefined) return t('no-answer', { url });
  const { status, body } = response;
  const { code, sentence } = problemFrom(body);
  switch (status) {
    case 502:
    case 504:
      return t('no-answer', { url });
    case 400:
      // Grafana's proxy turns a 401 into this text; a relay never sends one.
      return body.includes('Authentication to data source failed')
        ? t('not-a-relay', { url })
        : t('status', { status, why: sentence ?? body.slice(0, 200) });
    case 403:
      if (code === 'forbidden') return t(hasToken === false ? 'no-token' : 'bad-token');
      return t('refused', { why: messageOf(body) ?? sentence ?? '403' });
    case 404:
      return code === undefined ? t('not-a-relay', { url }) : t('too-old');
    case 200:
      return t('not-a-relay', { url });
    default:
      return t('status', { status, why: sentence ?? messageOf(body) ?? '' });
  }
}

/** Grafana's own errors. */
function messageOf(body: string): string | undefined {
  try {
    const parsed: unknown = JSON.parse(body);
    const message: unknown =
      typeof parsed === 'object' && parsed !== null ? Reflect.get(parsed, 'message') : undefined;
    return typeof message === 'string' ? message : undefined;
  } catch {
    return undefined;
  }
}
