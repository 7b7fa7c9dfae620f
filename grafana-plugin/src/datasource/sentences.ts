import { translator } from '../i18n/translate.ts';

const english = {
  works: 'The relay answers. It has {count} cameras, {live} of them live.',
  'no-cameras': 'The relay answers. It has no cameras yet: add one to its configuration file.',
  'no-answer':
    'Grafana’s server cannot reach the relay at {url}. Check the address, that the relay runs, and that it listens on more than loopback (http.address in its configuration).',
  'no-token':
    'The relay answers but wants a token. Enter the one that `sightline tokens` shows for Grafana, as view token.',
  'bad-token':
    'The relay does not accept this view token. `sightline tokens` on the relay’s host shows the one for Grafana.',
  'not-a-relay':
    'Something answers at {url}, but it is no Sightline relay. Check address and port (8640 unless configured).',
  'grafana-silent': 'Grafana does not answer. Check the network between this browser and Grafana.',
  'logged-out': 'Your session in Grafana has ended. Reload the page and log in again.',
  'not-permitted':
    'Grafana does not let you query the data source “{url}”. Ask who looks after this Grafana for the permission “Query” on it (datasources:query), or for the role Viewer.',
  'source-gone':
    'The data source “{url}” does not exist any more. Reload the page, and choose another in the query.',
  'plugin-gone':
    'Grafana has not loaded the plugin of the data source “{url}”. Enable the app Sightline and name all three of its plugins in allow_loading_unsigned_plugins.',
  'not-listed':
    'Grafana does not let the data source “{url}” reach the relay: data_source_proxy_whitelist is set. Add the relay’s host and port to it.',
  refused: 'Grafana refuses: {why}',
  status: 'The relay answered with status {status}: {why}',
  'too-old': 'The relay does not know this address; update it.',
  address: 'Relay address',
  'address-help':
    'Where Grafana’s server reaches the relay’s HTTP port. Pictures go from the relay to browsers directly.',
  token: 'View token',
  'token-help':
    'Shown by `sightline tokens`, named “grafana”. It stays on Grafana’s server; browsers never see it.',
  kind: 'Show',
  streams: 'Streams',
  events: 'Events',
  metrics: 'Metric',
  metric: 'Metric',
  'metric-help':
    'One of the relay’s own metrics over time; docs/METRICS.md describes them. A series per stream carries the label stream.',
  names: 'Names',
  'names-help': 'Names of streams separated by commas, * for any characters. Empty: all.',
  labels: 'Labels',
  'labels-help': 'label=value, separated by commas; all must hold. site, title and state count as labels.',
  'event-kind': 'Kind',
  'event-kind-help': 'Such as stream-down. Empty: all.',
  'media-title': 'How pictures reach a browser',
  'media-text':
    'Grafana passes on what browser and relay agree on, with its own login and the token above. The pictures then go straight from the relay’s media port (8641, UDP and TCP) to the browser. Where no path leads there, tiles show still pictures through Grafana.',
} as const;

export type SentenceKey = keyof typeof english;

const korean: Readonly<Record<SentenceKey, string>> = {
  works: '릴레이가 응답합니다. 카메라 {count}대 중 {live}대가 라이브입니다.',
  'no-cameras': '릴레이가 응답합니다. 아직 카메라가 없습니다. 릴레이 설정 파일에 추가하세요.',
  'no-answer':
    'Grafana 서버에서 {url}의 릴레이에 연결할 수 없습니다. 주소와 릴레이 실행 여부, 루프백 외의 주소에서 수신하는지(설정의 http.address) 확인하세요.',
  'no-token':
    '릴레이가 응답하지만 토큰이 필요합니다. `sightline tokens`가 보여 주는 Grafana용 토큰을 보기 토큰으로 입력하세요.',
  'bad-token':
    '릴레이가 이 보기 토큰을 받아들이지 않습니다. 릴레이 호스트에서 `sightline tokens`로 확인하세요.',
  'not-a-relay':
    '{url}에서 응답이 있지만 Sightline 릴레이가 아닙니다. 주소와 포트(기본값 8640)를 확인하세요.',
  'grafana-silent': 'Grafana가 응답하지 않습니다. 브라우저와 Grafana 사이의 네트워크를 확인하세요.',
  'logged-out': 'Grafana 로그인이 만료되었습니다. 페이지를 새로 고치고 다시 로그인하세요.',
  'not-permitted':
    'Grafana에서 데이터 소스 “{url}”을(를) 쿼리할 권한이 없습니다. Grafana 관리자에게 이 데이터 소스의 “Query” 권한(datasources:query)이나 Viewer 역할을 요청하세요.',
  'source-gone':
    '데이터 소스 “{url}”이(가) 더 이상 없습니다. 페이지를 새로 고치고 쿼리에서 다른 데이터 소스를 선택하세요.',
  'plugin-gone':
    'Grafana가 데이터 소스 “{url}”의 플러그인을 불러오지 않았습니다. Sightline 앱을 켜고 allow_loading_unsigned_plugins에 플러그인 세 개를 모두 적으세요.',
  'not-listed':
    'data_source_proxy_whitelist 설정 때문에 Grafana가 데이터 소스 “{url}”의 릴레이에 접근하지 못합니다. 릴레이의 호스트와 포트를 추가하세요.',
  refused: 'Grafana가 거부했습니다: {why}',
  status: '릴레이가 상태 {status}(으)로 응답했습니다: {why}',
  'too-old': '릴레이가 이 주소를 모릅니다. 릴레이를 업데이트하세요.',
  address: '릴레이 주소',
  'address-help':
    'Grafana 서버에서 릴레이의 HTTP 포트에 접근하는 주소입니다. 영상은 릴레이에서 브라우저로 직접 전송됩니다.',
  token: '보기 토큰',
  'token-help':
    '`sightline tokens`에서 “grafana”라는 이름의 토큰입니다. Grafana 서버에만 저장되며 브라우저에 노출되지 않습니다.',
  kind: '표시',
  streams: '스트림',
  events: '이벤트',
  metrics: '지표',
  metric: '지표',
  'metric-help': '시간에 따른 릴레이 자체 지표 하나. 스트림별 계열에는 stream 레이블이 있습니다.',
  names: '이름',
  'names-help': '쉼표로 구분한 스트림 이름. *는 임의의 문자입니다. 비워 두면 전체.',
  labels: '레이블',
  'labels-help': '쉼표로 구분한 label=value. 모두 일치해야 합니다. site, title, state도 쓸 수 있습니다.',
  'event-kind': '종류',
  'event-kind-help': '예: stream-down. 비워 두면 전체.',
  'media-title': '영상이 브라우저에 도달하는 방법',
  'media-text':
    '브라우저와 릴레이의 협상은 Grafana가 자체 로그인과 위 토큰으로 전달합니다. 영상은 릴레이의 미디어 포트(8641, UDP와 TCP)에서 브라우저로 직접 전송됩니다. 경로가 없으면 타일은 Grafana를 통해 정지 화면을 보여 줍니다.',
};

export function sentencesIn(language: string) {
  return translator<SentenceKey>(english, { ko: korean }, language);
}
