import { translator } from '../i18n/translate.ts';

const english = {
  intro: 'Live cameras beside your metrics. This app brings a camera wall panel and the relay data source.',
  relays: 'Relays',
  none: 'No relay is connected yet. Add a data source of type “Sightline relay”, then put a “Camera wall” panel on a dashboard.',
  add: 'Add a relay',
  test: 'Test',
  testing: 'Testing …',
  open: 'Settings',
  dashboards: 'Dashboards',
  'no-dashboards':
    'None of the dashboards that come with Sightline is here. Provision them from provisioning/dashboards.',
  version: 'Version {version}',
} as const;

export type ConfigSentence = keyof typeof english;

const korean: Readonly<Record<ConfigSentence, string>> = {
  intro: '지표 옆에서 라이브 카메라를 봅니다. 이 앱은 카메라 월 패널과 릴레이 데이터 소스를 제공합니다.',
  relays: '릴레이',
  none: '연결된 릴레이가 없습니다. “Sightline relay” 데이터 소스를 추가한 다음 대시보드에 “Camera wall” 패널을 놓으세요.',
  add: '릴레이 추가',
  test: '테스트',
  testing: '테스트 중…',
  open: '설정',
  dashboards: '대시보드',
  'no-dashboards':
    'Sightline과 함께 제공되는 대시보드가 없습니다. provisioning/dashboards에서 프로비저닝하세요.',
  version: '버전 {version}',
};

export function configSentencesIn(language: string) {
  return translator<ConfigSentence>(english, { ko: korean }, language);
}
