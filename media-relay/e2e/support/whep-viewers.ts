/** Other people's WebRTC stacks as WHEP viewers of a relay: werift (TypeScript) and libdatachannel (C++). */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { RTCPeerConnection, RTCRtpCodecParameters } from 'werift';
import { PictureReceiver } from './decode.ts';
import type { FromLibdatachannel, ToLibdatachannel } from './libdatachannel-viewer.ts';
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

/**
 * In a process of its own, which ends by SIGKILL: the library's native threads may call into a peer that is being closed,
 * and would take the tests with them.
 */
export const watchWithLibdatachannel: Watch = async (
  relay,
  stream,
  { audio: wantsAudio } = { audio: false },
) => {
  const script = fileURLToPath(new URL('libdatachannel-viewer.ts', import.meta.url));
  const child = fork(script, wantsAudio ? ['audio'] : [], { execArgv: [], serialization: 'advanced' });
  const video = new PictureReceiver();
  const audio: Uint8Array[] = [];
  const offered = new Promise<string>((resolve, reject) => {
    child.on('message', (message: FromLibdatachannel) => {
      if (message.type === 'offer') resolve(message.sdp);
      else if (message.type === 'video') video.packet(Buffer.from(message.packet));
      else audio.push(withoutHeader(Buffer.from(message.packet)));
    });
    child.once('exit', (code, signal) => reject(new Error(`libdatachannel ended: ${signal ?? code}`)));
    child.once('error', reject);
  });
  const end = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  };
  try {
    const { answer, session } = await exchange(relay, stream, await offered);
    child.send({ type: 'answer', sdp: answer } satisfies ToLibdatachannel);
    return {
      video,
      audio,
      session,
      [Symbol.asyncDispose]: async () => {
        await relay.ask(session, { method: 'DELETE' });
        await end();
      },
    };
  } catch (error) {
    await end();
    throw error;
  }
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

/** RFC 3550 5.1, without CSRCs. */
function withoutHeader(packet: Buffer): Uint8Array {
  const extensionBytes = (packet[0] ?? 0) & 0x10 ? 4 + 4 * packet.readUInt16BE(14) : 0;
  return packet.subarray(12 + extensionBytes);
}
