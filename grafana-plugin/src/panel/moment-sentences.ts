/** What the panel says of moments: pictures of the past, and marks. */
import { translator } from '../i18n/translate.ts';
import type { Translate } from '../i18n/translate.ts';

const english = {
  'past.word': 'Not live',
  'past.age': 'Kept picture, {age} ago',
  'past.label': 'kept picture of {time}, not live',
  'mark.do': 'Mark this moment of {title}',
  'mark.saving': 'Marking …',
  'mark.done': 'Marked',
  'mark.failed': 'Could not be marked',
  'mark.picture': 'Picture of {time}',
} as const;

export type MomentSentence = keyof typeof english;
export type MomentTranslate = Translate<MomentSentence>;

const korean: Readonly<Record<MomentSentence, string>> = {
  'past.word': '라이브 아님',
  'past.age': '보관된 화면, {age} 전',
  'past.label': '{time}의 보관된 화면, 라이브 아님',
  'mark.do': '{title}의 이 순간 표시',
  'mark.saving': '표시하는 중…',
  'mark.done': '표시함',
  'mark.failed': '표시할 수 없습니다',
  'mark.picture': '{time}의 화면',
};

export function momentSentencesIn(language: string): MomentTranslate {
  return translator<MomentSentence>(english, { ko: korean }, language);
}
