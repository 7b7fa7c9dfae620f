// Which offered payload types are answered, and which carries the stream. H.264: RFC 6184 8.2.2 without the level, as
// browsers mean it; G.711: RFC 3551; Opus: RFC 7587.
import { excerpt } from '../media/protocol-error.ts';
import { decodableBy, defaultProfileLevelId, h264Profile } from './h264-profile.ts';
import type { ChosenPayload, Refusal, StreamMedia } from './negotiation.ts';
import type { OfferedPayload } from './offer-payloads.ts';

/** In the order of the answer. */
const answeredFeedback = ['goog-remb', 'transport-cc', 'ccm fir', 'nack', 'nack pli'];

/**
 * Every H.264 payload type with packetization-mode 1, the best for the stream first; empty without any. Best is the
 * same profile, then the smallest that contains it, then whatever comes first: browsers decode more than they offer
 * (Chromium without High plays High, for one).
 */
export function chooseVideo(payloads: readonly OfferedPayload[], profileLevelId: string): ChosenPayload[] {
  const usable = payloads.filter(isUsableH264);
  const profile = h264Profile(profileLevelId);
  const ranks = profile ? decodableBy(profile) : [];
  const rank = (payload: OfferedPayload): number => {
    const offered = h264Profile(payload.parameters.get('profile-level-id') ?? defaultProfileLevelId);
    const at = offered ? ranks.indexOf(offered) : -1;
    return at < 0 ? ranks.length : at;
  };
  const [best, ...others] = usable.toSorted((a, b) => rank(a) - rank(b));
  if (!best) return [];
  return [best, ...usable.filter((payload) => others.includes(payload))].map((payload) => ({
    payloadType: payload.payloadType,
    rtxPayloadType: usableRtx(payload, payloads),
    encodingName: 'H264',
    clockRate: payload.clockRate,
    channels: 1,
    profileLevelId: payload.parameters.get('profile-level-id') ?? defaultProfileLevelId,
    formatParameters: h264Parameters(payload),
    feedback: answeredFeedback.filter((feedback) => payload.feedback.includes(feedback)),
  }));
}

/** The one payload type that the stream's audio fits, or none. */
export function chooseAudio(
  payloads: readonly OfferedPayload[],
  audio: StreamMedia['audio'],
): ChosenPayload[] {
  if (!audio) return [];
  // RFC 7587 7: Opus is always written as two channels, whatever it carries.
  const [clockRate, channels] = audio.codec === 'opus' ? [48000, 2] : [8000, 1];
  if (audio.codec !== 'opus' && audio.channels !== 1) return [];
  const found = payloads.find(
    (payload) =>
      payload.codec === audio.codec &&
      payload.clockRate === clockRate &&
      payload.channels === channels &&
      fitsBesideRtcp(payload),
  );
  if (!found) return [];
  return [
    {
      payloadType: found.payloadType,
      rtxPayloadType: undefined,
      encodingName: audio.codec === 'opus' ? 'opus' : audio.codec.toUpperCase(),
      clockRate,
      channels,
      formatParameters: audio.codec === 'opus' && audio.channels === 2 ? 'sprop-stereo=1' : undefined,
      feedback: [],
    },
  ];
}

export function noCommonCodec(payloads: readonly OfferedPayload[], profileLevelId: string): Refusal {
  const profile = h264Profile(profileLevelId) ?? 'unknown';
  const stream = `The stream is H.264 (profile ${profile}, ${excerpt(profileLevelId, 12)})`;
  if (payloads.some(({ codec }) => codec === 'h264')) {
    return {
      code: 'no-common-codec',
      message: `${stream}, but the browser offers H.264 only with packetization-mode 0; it needs mode 1.`,
    };
  }
  const helpers = new Set(['rtx', 'red', 'ulpfec', 'flexfec-03']);
  const names = payloads.filter(({ codec }) => !helpers.has(codec)).map(({ encodingName }) => encodingName);
  const offered = [...new Set(names)].slice(0, 8).join(', ') || 'no video codec at all';
  return {
    code: 'no-common-codec',
    message:
      `${stream}, but the browser offers only ${offered}. Use a browser that plays H.264 over WebRTC; ` +
      'Firefox needs its OpenH264 plugin for that (Add-ons, Plugins).',
  };
}

function isUsableH264(payload: OfferedPayload): boolean {
  const { codec, clockRate, parameters } = payload;
  return (
    codec === 'h264' &&
    clockRate === 90000 &&
    parameters.get('packetization-mode') === '1' &&
    fitsBesideRtcp(payload)
  );
}

function usableRtx(
  { rtxPayloadType }: OfferedPayload,
  payloads: readonly OfferedPayload[],
): number | undefined {
  const rtx = payloads.find(({ payloadType }) => payloadType === rtxPayloadType);
  return rtx && rtx.clockRate === 90000 && fitsBesideRtcp(rtx) ? rtx.payloadType : undefined;
}

/** RFC 5761 4: with rtcp-mux, payload types 64 to 95 and a marker bit look like RTCP. */
function fitsBesideRtcp({ payloadType }: OfferedPayload): boolean {
  return payloadType < 64 || payloadType > 95;
}

function h264Parameters({ parameters }: OfferedPayload): string {
  const profileLevelId = parameters.get('profile-level-id');
  const common = 'level-asymmetry-allowed=1;packetization-mode=1';
  return profileLevelId === undefined ? common : `${common};profile-level-id=${profileLevelId}`;
}
