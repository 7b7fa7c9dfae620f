/** What an answer that is no list means, in words that lead to a remedy. Pure. */
import { problemFrom } from '@sightline/media-relay/client';
import type { SignalResponse } from '@sightline/media-relay/client';
import type { Translate } from '../i18n/translate.ts';
import { withGrafanaCode } from '../relay/grafana-refusal.ts';
import type { GrafanaCode } from '../relay/grafana-refusal.ts';
import { refusalIn } from '../relay/relay-sentences.ts';
import type { Said } from '../relay/relay-sentences.ts';
import type { SentenceKey } from './sentences.ts';

const ofGrafana: Readonly<Record<GrafanaCode, SentenceKey>> = {
  'grafana-logged-out': 'logged-out',
  'grafana-not-permitted': 'not-permitted',
  'grafana-source-gone': 'source-gone',
  'grafana-plugin-gone': 'plugin-gone',
  'grafana-not-listed': 'not-listed',
  'grafana-cannot-reach-relay': 'no-answer',
  'grafana-not-a-relay': 'not-a-relay',
  'grafana-refuses': 'refused',
};

/** `name` is the data source's. */
export function troubleOf(
  response: Pick<SignalResponse, 'status' | 'body'> | undefined,
  hasToken: boolean | undefined,
  name: string,
  t: Translate<SentenceKey>,
  said: Said,
): string {
  if (response === undefined) return t('grafana-silent');
  const { status } = response;
  const { code, reason, sentence = '' } = problemFrom(withGrafanaCode(status, response.body));
  if (isOfGrafana(code)) return t(ofGrafana[code], { url: name, why: sentence });
  switch (status) {
    case 200:
      return t('not-a-relay', { url: name });
    case 403:
      if (code === 'forbidden') return t(hasToken === false ? 'no-token' : 'bad-token');
      break;
    case 404:
      if (code === 'not-found') return t('too-old');
  }
  const why = code === undefined ? response.body.slice(0, 200) : refusalIn(said, { code, reason, sentence });
  return t('status', { status, why });
}

function isOfGrafana(code: string | undefined): code is GrafanaCode {
  return code !== undefined && Object.hasOwn(ofGrafana, code);
}
