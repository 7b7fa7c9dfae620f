/** What the app says outside its own page. */
import { translator } from '../i18n/translate.ts';

const english = {
  'health.title': 'Camera health',
  'health.description': 'Figures and history of the cameras in this panel',
  'health.missing': 'The dashboard is not here',
  'health.missing-why':
    'Camera health is a dashboard that comes with Sightline. Provision it from provisioning/dashboards, or ask for the permission to see it.',
} as const;

export type ExtensionSentence = keyof typeof english;

const korean: Readonly<Record<ExtensionSentence, string>> = {
  'health.title': '카메라 상태',
  'health.description': '이 패널에 있는 카메라의 지표와 이력',
  'health.missing': '대시보드가 없습니다',
  'health.missing-why':
    '카메라 상태는 Sightline과 함께 제공되는 대시보드입니다. provisioning/dashboards에서 프로비저닝하거나 볼 권한을 요청하세요.',
};

export function extensionSentencesIn(language: string) {
  return translator<ExtensionSentence>(english, { ko: korean }, language);
}
