/** Other people's WebRTC stacks as WHEP viewers of a relay: werift (TypeScript) and libdatachannel (C++). */
import nodeDataChannel from 'node-datachannel';
import { RTCPeerConnection, RTCRtpCodecParameters } from 'werift';
import { PictureReceiver } from './decode.ts';
import type { TestRelay } from './relay.ts';

/** Disposing ends its session, should it still be there. */
export interface WhepViewer extends AsyncDisposable {
  readonly video: PictureReceiver;
  /** Payloads of the audio packets. */
  readonly audio: Uint8Array[];
  /** Path of the session at the relay. */
  readonly session: string;
}

export type Watch = (relay: TestRelay, stream: string, wants?: { audio: boolean }) => Promise<WhepViewer>;

const h264 = new RTCRtpCodecParameters({
  mimeType: 'video/H264',
  clockRate: 90_000,
  payloadType: 102,
  parameters: 'level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f',
  rtcpFeedback: [{ type: 'nack' }, { type: 'nack', parameter: 'pli' }],
});
const alaw = new RTCRtpCodecParameters({
  mimeType: 'audio/PCMA',
  clockRate: 8000,
  channels: 1,
  payloadType: 8,
});

export const watchWithWerift: Watch = async (relay, stream, { audio: wantsAudio } = { audio: false }) => {
  const peer = new RTCPeerConnection({ iceServers: [], codecs: { video: [h264], audio: [alaw] } });
  const video = new PictureReceiver();
  const audio: Uint8Array[] = [];
  peer.onTrack.subscribe((track) => {
    track.onReceiveRtp.subscribe((packet) => {
      if (track.kind === 'video') video.packet(packet.serialize());
      else audio.push(packet.payload);
    });
  });
  peer.addTransceiver('video', { direction: 'recvonly' });
  if (wantsAudio) peer.addTransceiver('audio', { direction: 'recvonly' });
  await peer.setLocalDescription(await peer.createOffer());
  const { answer, session } = await exchange(relay, stream, peer.localDescription?.sdp);
  await peer.setRemoteDescription({ type: 'answer', sdp: answer });
  return {
    video,
    audio,
    session,
    [Symbol.asyncDispose]: async () => {
      await relay.ask(session, { method: 'DELETE' });
      await peer.close();
    },
  };
};

export const watchWithLibdatachannel: Watch = async (
  relay,
  stream,
  { audio: wantsAudio } = { audio: false },
) => {
  const peer = new nodeDataChannel.PeerConnection('viewer', { iceServers: [] });
  const video = new PictureReceiver();
  const audio: Uint8Array[] = [];
  const gathered = new Promise<void>((resolve) => {
    peer.onGatheringStateChange((state) => {
      if (state === 'complete') resolve();
    });
  });
  const description = new nodeDataChannel.Video('video', 'RecvOnly');
  description.addH264Codec(102, 'level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f');
  const tracks = [peer.addTrack(description)];
  tracks[0]?.onMessage((packet) => {
    if (!isRtcp(packet)) video.packet(packet);
  });
  if (wantsAudio) {
    const description = new nodeDataChannel.Audio('audio', 'RecvOnly');
    description.addAudioCodec(8, 'PCMA');
    const track = peer.addTrack(description);
    track.onMessage((packet) => {
      if (!isRtcp(packet)) audio.push(withoutHeader(packet));
    });
    tracks.push(track);
  }
  peer.setLocalDescription();
  await gathered;
  const { answer, session } = await exchange(relay, stream, peer.localDescription()?.sdp);
  peer.setRemoteDescription(answer, 'answer');
  return {
    video,
    audio,
    session,
    [Symbol.asyncDispose]: async () => {
      await relay.ask(session, { method: 'DELETE' });
      for (const track of tracks) track.close();
      peer.close();
    },
  };
};

async function exchange(
  relay: TestRelay,
  stream: string,
  offer = '',
): Promise<{ answer: string; session: string }> {
  const response = await relay.offer(stream, offer);
  if (response.status !== 201) throw new Error(`${response.status}: ${response.body}`);
  return { answer: response.body, session: relay.sessionPath(response) };
}

/** RFC 5761 section 4. */
function isRtcp(packet: Uint8Array): boolean {
  return ((packet[1] ?? 0) & 0x7f) >= 64 && ((packet[1] ?? 0) & 0x7f) < 96;
}

/** RFC 3550 5.1, without CSRCs. */
function withoutHeader(packet: Buffer): Uint8Array {
  const extensionBytes = (packet[0] ?? 0) & 0x10 ? 4 + 4 * packet.readUInt16BE(14) : 0;
  return packet.subarray(12 + extensionBytes);
}
