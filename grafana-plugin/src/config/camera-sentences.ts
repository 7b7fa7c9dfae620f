import { translator } from '../i18n/translate.ts';

const english = {
  cameras: 'Cameras of {relay}',
  'add-panel': 'Add to dashboard',
  'add-panel-of': 'Add {title} to a dashboard',
  'new-alert': 'Create alert',
  'new-alert-of': 'Create an alert for {title}',
  'alert-name': '{title} gives no pictures',
  'alert-summary': 'Nothing has come from the camera {title} for a minute.',
} as const;

export type CameraSentence = keyof typeof english;

const korean: Readonly<Record<CameraSentence, string>> = {
  cameras: '{relay}의 카메라',
  'add-panel': '대시보드에 추가',
  'add-panel-of': '{title} 대시보드에 추가',
  'new-alert': '경보 만들기',
  'new-alert-of': '{title} 경보 만들기',
  'alert-name': '{title} 영상 없음',
  'alert-summary': '카메라 {title}에서 1분 동안 영상이 오지 않았습니다.',
};

export function cameraSentencesIn(language: string) {
  return translator<CameraSentence>(english, { ko: korean }, language);
}
