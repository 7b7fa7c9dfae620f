/** Pictures without a codec, for tests that only count packets: payloads of at most 1,000 bytes, as they are. */
import type { VideoTrack } from '../media/track.ts';
import type { Packetiser } from '../stream/packet-store.ts';

export const plainTrack: VideoTrack = {
  kind: 'video',
  codec: 'h264',
  encodingName: 'H264',
  clockRate: 90_000,
  h264: undefined,
};

export const plainPacketiser: Packetiser = {
  bound: ({ data }) => ({ packets: Math.ceil(data.length / 1000), bytes: data.length }),
  write({ data }, target, offset, lengths) {
    const packets = Math.ceil(data.length / 1000);
    target.set(data, offset);
    for (let i = 0; i < packets; i++) lengths[i] = Math.min(1000, data.length - i * 1000);
    return { packets, bytes: data.length };
  },
};
