// CPU of sealing one RTP packet with a payload of 1,158 bytes, for one viewer: both halves, both profiles.
// node bench/micro/srtp.ts

import { Arena } from '../../media-relay/src/native/arena.ts';
import { loadOpenSsl } from '../../media-relay/src/native/openssl.ts';
import { SEND_BUFFER_BYTES } from '../../media-relay/src/webrtc/egress.ts';
import { nativeSrtp } from '../../media-relay/src/webrtc/srtp-native.ts';
import { portableSrtp } from '../../media-relay/src/webrtc/srtp-portable.ts';
import { deriveSessionKeys } from '../../media-relay/src/webrtc/srtp-keys.ts';
import { srtpProfiles, type SrtpCipher, type SrtpProfileName } from '../../media-relay/src/webrtc/srtp.ts';

const payloadBytes = 1158;
const headerBytes = 12;

const arena = new Arena();
const sendBuffer = arena.allocate(SEND_BUFFER_BYTES);
const payload = arena.allocate(payloadBytes);
payload.bytes.fill(0x5a);
const factories = {
  native: nativeSrtp(loadOpenSsl(), arena, sendBuffer),
  portable: portableSrtp(sendBuffer),
};

function run(cipher: SrtpCipher, packets: number): number {
  const before = process.cpuUsage();
  for (let i = 0; i < packets; i += 1) {
    cipher.sealRtp(0, headerBytes, payload, 0, payloadBytes, 0x1234_5678, i >>> 16, i & 0xffff);
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / packets;
}

for (const profile of Object.keys(srtpProfiles) as SrtpProfileName[]) {
  const { keyBytes, saltBytes } = srtpProfiles[profile];
  const keys = deriveSessionKeys(
    { key: new Uint8Array(keyBytes).fill(1), salt: new Uint8Array(saltBytes).fill(2) },
    profile,
  );
  for (const half of ['native', 'portable'] as const) {
    const cipher = factories[half].create(profile, keys, keys);
    run(cipher, 20_000);
    const usPerPacket = Math.min(...Array.from({ length: 5 }, () => run(cipher, 50_000)));
    cipher.close();
    console.log(`srtp ${profile} ${half}: ${usPerPacket.toFixed(2)} us/packet`);
  }
}
