import { mkdtemp, rm } from 'node:fs/promises';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type BrowserContext, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { candidates, localAddresses } from '../src/webrtc/addresses.ts';
import { writeAnswer } from '../src/webrtc/answer.ts';
import { isRefusal, negotiate } from '../src/webrtc/negotiate.ts';
import type { StreamMedia } from '../src/webrtc/negotiation.ts';
import { parseOffer } from '../src/webrtc/offer.ts';
import { chromiumOptions } from './support/browser.ts';

interface Connection {
  setRemoteDescription(description: { type: 'answer'; sdp: string }): Promise<void>;
  getTransceivers(): {
    currentDirection: string | null;
    mid: string | null;
    receiver: { track: { kind: string } };
  }[];
  getReceivers(): { getParameters(): { codecs: { mimeType: string; payloadType?: number }[] } }[];
  sctp: object | null;
}
declare const window: { pc: Connection };

const video = { profileLevelId: '640028' };
let profile: string;
let context: BrowserContext;
let page: Page;

beforeAll(async () => {
  profile = await mkdtemp(join(tmpdir(), 'sdp-chromium-'));
  context = await chromium.launchPersistentContext(profile, chromiumOptions());
  page = await context.newPage();
});

afterAll(async () => {
  await context.close();
  await rm(profile, { recursive: true, force: true });
});

/** An offer of the real browser, made by the given calls on `pc`. */
async function offerOf(setUp: string, configuration = '{}'): Promise<string> {
  return await page.evaluate<string>(`(async () => {
    window.pc?.close();
    const pc = window.pc = new RTCPeerConnection(${configuration});
    ${setUp}
    await pc.setLocalDescription();
    return pc.localDescription.sdp;
  })()`);
}

function answerTo(offer: string, stream: StreamMedia): { sdp: string; payloadType: number } {
  const negotiation = negotiate(parseOffer(offer), stream, true);
  if (isRefusal(negotiation)) throw new Error(negotiation.message);
  const sdp = writeAnswer(negotiation, {
    sessionId: '1',
    ice: { ufrag: 'ourUfrag', pwd: 'ourPassword/with+24chars' },
    fingerprint: Array.from({ length: 32 }, () => 'AB').join(':'),
    cname: 'sightline',
    videoSsrc: 1001,
    videoRtxSsrc: 1002,
    audioSsrc: 1003,
    candidates: candidates(localAddresses(networkInterfaces(), []), 9, []),
  });
  return { sdp, payloadType: negotiation.video.payloadType };
}

async function accept(
  sdp: string,
): Promise<{ directions: (string | null)[]; codecs: [string, number | undefined][] }> {
  return await page.evaluate(async (answer) => {
    await window.pc.setRemoteDescription({ type: 'answer', sdp: answer });
    const [receiver] = window.pc.getReceivers();
    return {
      directions: window.pc.getTransceivers().map(({ currentDirection }) => currentDirection),
      codecs: (receiver?.getParameters().codecs ?? []).map(
        ({ mimeType, payloadType }): [string, number | undefined] => [mimeType, payloadType],
      ),
    };
  }, sdp);
}

const both = `pc.addTransceiver('video', { direction: 'recvonly' }); pc.addTransceiver('audio', { direction: 'recvonly' });`;

// A rejected section stops its transceiver, and stopped ones are no longer listed (RFC 9429 5.11).
describe('Chromium takes our answers', () => {
  test('to video and audio, with the payload type that we chose and its repair', async () => {
    const { sdp, payloadType } = answerTo(await offerOf(both), {
      video,
      audio: { codec: 'opus', channels: 2 },
    });
    const { directions, codecs } = await accept(sdp);
    expect(directions).toEqual(['recvonly', 'recvonly']);
    expect(codecs).toContainEqual(['video/H264', payloadType]);
    expect(codecs.some(([mimeType]) => mimeType === 'video/rtx')).toBe(true);
  });

  test.each(['42001f', '42e01f', '4d001f', '640033'])(
    'for a stream of %s, audio rejected',
    async (profileLevelId) => {
      const { sdp } = answerTo(await offerOf(both), { video: { profileLevelId } });
      expect((await accept(sdp)).directions).toEqual(['recvonly']);
    },
  );

  test('with audio first, so that the transport belongs to it', async () => {
    const setUp = `pc.addTransceiver('audio'); pc.addTransceiver('video', { direction: 'recvonly' });`;
    const { sdp } = answerTo(await offerOf(setUp), { video, audio: { codec: 'pcma', channels: 1 } });
    expect((await accept(sdp)).directions).toEqual(['recvonly', 'recvonly']);
  });

  test('with a rejected audio section in front and a data channel and a second video behind', async () => {
    const setUp = `pc.addTransceiver('audio', { direction: 'recvonly' });
      pc.addTransceiver('video', { direction: 'recvonly' }); pc.createDataChannel('x');
      pc.addTransceiver('video', { direction: 'recvonly' });`;
    const { sdp } = answerTo(await offerOf(setUp), { video });
    expect((await accept(sdp)).directions).toEqual(['recvonly']);
    expect(await page.evaluate(() => window.pc.sctp)).toBeNull();
  });

  test('under max-bundle', async () => {
    const offer = await offerOf(both, `{ bundlePolicy: 'max-bundle' }`);
    const { sdp } = answerTo(offer, { video, audio: { codec: 'pcmu', channels: 1 } });
    expect((await accept(sdp)).directions).toEqual(['recvonly', 'recvonly']);
  });
});
