/** A process that watches by libdatachannel: sends its offer to its parent, takes the answer, and hands RTP packets on. */
import nodeDataChannel from 'node-datachannel';

export type FromLibdatachannel =
  | { readonly type: 'offer'; readonly sdp: string }
  | { readonly type: 'video' | 'audio'; readonly packet: Uint8Array };

export interface ToLibdatachannel {
  readonly type: 'answer';
  readonly sdp: string;
}

const send = (message: FromLibdatachannel): void => void process.send?.(message);

const peer = new nodeDataChannel.PeerConnection('viewer', { iceServers: [] });
const video = new nodeDataChannel.Video('video', 'RecvOnly');
video.addH264Codec(102, 'level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f');
const tracks = [{ type: 'video' as 'video' | 'audio', track: peer.addTrack(video) }];
if (process.argv.includes('audio')) {
  const audio = new nodeDataChannel.Audio('audio', 'RecvOnly');
  audio.addAudioCodec(8, 'PCMA');
  tracks.push({ type: 'audio', track: peer.addTrack(audio) });
}
for (const { type, track } of tracks)
  track.onMessage((packet) => {
    if (!isRtcp(packet)) send({ type, packet });
  });
peer.onGatheringStateChange((state) => {
  const sdp = state === 'complete' ? peer.localDescription()?.sdp : undefined;
  if (sdp !== undefined) send({ type: 'offer', sdp });
});
// The listener keeps the process, and with it the peer and its tracks, alive.
process.on('message', ({ sdp }: ToLibdatachannel) => {
  peer.setRemoteDescription(sdp, 'answer');
  void tracks;
});
process.on('disconnect', () => process.exit());
peer.setLocalDescription();

/** RFC 5761 section 4. */
function isRtcp(packet: Uint8Array): boolean {
  return ((packet[1] ?? 0) & 0x7f) >= 64 && ((packet[1] ?? 0) & 0x7f) < 96;
}
