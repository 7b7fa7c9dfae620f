/**
 * What the relay and its player say, by their stable codes, in languages other than their own. English is not here: the relay's own
 * sentence names the very address, codec or limit, and is shown as it came. Pure; e2e/relay-sentences.test.ts holds it complete.
 */

/** `problem`: codes of refusals. `limit`: which limit is meant by `over-capacity`. `stream`: why a stream is down. `player`: its own. */
export type SentenceKind = 'problem' | 'limit' | 'stream' | 'warning' | 'player';

export type KnownSentences = Readonly<Record<SentenceKind, Readonly<Record<string, string>>>>;

const korean: KnownSentences = {
  problem: {
    'bad-path': '릴레이가 이 주소의 표기를 받아들이지 않습니다.',
    'bad-request': '릴레이가 이 요청을 이해하지 못합니다. 쿼리를 확인하세요.',
    'offer-malformed': '릴레이가 이 브라우저의 제안(SDP)을 읽을 수 없습니다. 다른 브라우저를 써 보세요.',
    forbidden: '이 토큰이나 릴레이의 접근 규칙이 허용하지 않습니다. 릴레이 관리자에게 요청하세요.',
    'not-found': '릴레이에 이 주소가 없습니다. 릴레이와 플러그인의 버전을 맞추세요.',
    'stream-not-found': '이 이름의 스트림이 없습니다. 이름과 릴레이 설정을 확인하세요.',
    'metric-not-kept': '릴레이가 이 지표의 이력을 보관하지 않습니다.',
    'session-not-found': '세션이 끝났습니다. 다시 연결합니다.',
    'method-not-allowed': '릴레이가 이 요청 방식을 받지 않습니다. 릴레이와 플러그인의 버전을 맞추세요.',
    'request-timeout': '요청이 너무 늦게 도착했습니다. 다시 시도합니다.',
    'stream-refused': '브라우저에서 재생할 수 없는 스트림입니다. 카메라를 B-프레임 없는 H.264로 설정하세요.',
    'precondition-failed': '세션이 바뀌었습니다. 다시 연결합니다.',
    'payload-too-large': '요청이 릴레이가 받는 크기보다 큽니다.',
    'unsupported-media-type': '릴레이가 이 형식의 요청을 이해하지 못합니다.',
    'offer-without-video': '이 브라우저가 영상을 요청하지 않았습니다. 다른 브라우저를 써 보세요.',
    'no-common-codec': '이 브라우저와 스트림에 공통 코덱이 없습니다. H.264를 재생하는 브라우저를 쓰세요.',
    'restart-unsupported': '세션을 이어 갈 수 없어 새로 연결합니다.',
    'rate-limited': '요청이 너무 많습니다. 잠시 후 다시 시도합니다.',
    'headers-too-large': '요청 헤더가 너무 큽니다. 중간의 프록시가 무엇을 추가하는지 확인하세요.',
    internal: '릴레이 내부에 오류가 있습니다. 릴레이의 로그를 확인하세요.',
    'no-decoder': '릴레이 호스트에 ffmpeg가 없어 정지 화면을 만들 수 없습니다.',
    'over-capacity': '릴레이가 가득 찼습니다. 나중에 다시 시도합니다.',
    'picture-unreadable': '카메라의 화면을 해독할 수 없습니다. 다시 시도합니다.',
    'prometheus-unavailable': '긴 이력을 보관하는 Prometheus가 응답하지 않습니다.',
    'stream-not-ready': '스트림에 아직 화면이 없습니다. 곧 다시 시도합니다.',
    'shutting-down': '릴레이가 종료되는 중입니다. 다시 시도합니다.',
  },
  limit: {
    'stream-viewers': '이 스트림의 시청자 수가 한도에 이르렀습니다. 나중에 다시 시도합니다.',
    'stream-bitrate': '이 스트림의 전송량이 한도에 이르렀습니다. 나중에 다시 시도합니다.',
    'host-viewers': '릴레이의 시청자 수가 한도에 이르렀습니다. 나중에 다시 시도합니다.',
    'host-bitrate': '릴레이의 전송량이 한도에 이르렀습니다. 나중에 다시 시도합니다.',
    connecting: '지금 연결 중인 시청자가 너무 많습니다. 곧 다시 시도합니다.',
    'event-loop': '릴레이에 남은 연산 시간이 없습니다. 곧 다시 시도합니다.',
    memory: '릴레이에 남은 메모리가 없습니다. 나중에 다시 시도합니다.',
  },
  stream: {
    unreachable: '카메라에 연결할 수 없습니다. 전원, 주소, 포트를 확인하세요.',
    timeout: '카메라가 응답하지 않습니다.',
    unauthorized: '카메라가 사용자 이름 또는 암호를 거부합니다.',
    'not-found': '카메라에 이 경로의 스트림이 없습니다. 주소의 경로를 확인하세요.',
    'refused-by-peer': '카메라가 요청을 거부합니다.',
    protocol: '카메라의 응답을 이해할 수 없습니다.',
    tls: '카메라와의 TLS 연결에 실패했습니다. 인증서를 확인하세요.',
    ended: '카메라가 연결을 끊었습니다.',
    stalled: '카메라가 화면을 보내지 않습니다.',
    'unsupported-codec': '브라우저에서 재생할 수 없는 코덱입니다. 카메라를 H.264로 설정하세요.',
    internal: '릴레이 내부 오류로 카메라를 읽지 못합니다. 릴레이의 로그를 확인하세요.',
    'b-frames':
      '카메라가 B-프레임을 보내 브라우저에서 재생할 수 없습니다. 프로파일을 Baseline으로 하거나 B-프레임을 0으로 설정하세요.',
  },
  warning: {
    'gop-too-long': '키 프레임 간격이 너무 깁니다. 카메라의 I-프레임 간격을 1~4초로 설정하세요.',
    'no-key-frame':
      '10초 동안 온전한 키 프레임이 오지 않아 화면을 보여 줄 수 없습니다. 카메라의 I-프레임 간격을 1~4초로 설정하고 인트라 리프레시를 끄세요. 패킷이 손실되면 `transport: tcp`로 설정하세요.',
    'no-clock':
      '카메라의 RTCP 송신 보고가 없거나 쓸 수 없어(손상, 다른 SSRC, 설정되지 않은 시계) 카메라의 시각을 알 수 없습니다.',
    'udp-fallback': '카메라의 UDP 패킷이 도착하지 않아 TCP를 사용합니다.',
    'substream-unavailable':
      '보조 스트림을 쓸 수 없어 주 스트림을 보여 줍니다. `substream` 설정과, B-프레임 없는 H.264인지 확인하세요.',
    'substream-gop-too-long':
      '보조 스트림의 키 프레임 간격이 너무 길어 다음 키 프레임까지 주 스트림을 보여 줍니다. 보조 스트림의 I-프레임 간격을 1~4초로 설정하고 스마트 코덱(H.264+ 등)을 끄세요.',
    'main-stream-unavailable': '주 스트림을 쓸 수 없어 보조 스트림을 보여 줍니다.',
  },
  player: {
    'browser-failed': '이 브라우저가 스트림을 재생하지 못합니다.',
    'click-to-play': '이 브라우저는 영상을 저절로 시작하지 않습니다. 눌러서 재생하세요.',
    'connection-broken': '릴레이와의 연결이 끊겼습니다. 다시 연결합니다.',
    'connection-lost': '릴레이와의 연결을 잃었습니다. 다시 연결합니다.',
    'media-blocked':
      '네트워크가 미디어를 차단합니다. 릴레이는 응답하지만 미디어 포트(기본값 8641, UDP와 TCP)에 연결할 수 없습니다. 방화벽을 열거나 media.announce를 시청자가 접근할 수 있는 주소로 설정하세요.',
    'no-answer': '릴레이에 연결할 수 없습니다. 다시 시도합니다.',
    undecoded: '패킷은 오지만 이 브라우저에 화면이 나오지 않습니다. 다시 연결합니다.',
  },
};

const others: Readonly<Record<string, KnownSentences>> = { ko: korean };

/** The sentence that the relay or its player gave, in the user's language where that is known. */
export type Said = (kind: SentenceKind, code: string | undefined, own: string) => string;

/** `language` is a BCP 47 tag. What is not known stays as it was said. */
export function saidIn(language: string): Said {
  const known = sentencesFor(language);
  if (known === undefined) return (_kind, _code, own) => own;
  return (kind, code, own) => find(known[kind], code) ?? own;
}

/** A refusal: the limit says more than its code, the player's codes are none of the relay's. */
export function refusalIn(
  said: Said,
  {
    code,
    reason,
    sentence,
  }: { readonly code: string | undefined; readonly reason?: string | undefined; readonly sentence: string },
): string {
  return said('limit', reason, said('player', code, said('problem', code, sentence)));
}

export function sentencesFor(language: string): KnownSentences | undefined {
  const tongue = language.toLowerCase().split('-')[0] ?? '';
  return Object.hasOwn(others, tongue) ? others[tongue] : undefined;
}

function find(table: Readonly<Record<string, string>>, code: string | undefined): string | undefined {
  return code !== undefined && Object.hasOwn(table, code) ? table[code] : undefined;
}
