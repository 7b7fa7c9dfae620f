import { describe, expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../media/clock.ts';
import { rtpPacket } from '../rtp/fixtures/payloads.ts';
import { pictureMaker, sendUdp, videoSdp, type PictureOptions, type Script } from '../rtsp/fake-camera.ts';
import { rtspSourceOf, runRtsp, useCameras } from '../testing/rtsp-run.ts';

const camera = useCameras();

describe('UDP', () => {
  /** Pictures go to the client's port, `strangers` to it from an address that is not the camera's. */
  const overUdp = (
    sendFrom: string,
    pictures: readonly PictureOptions[] = [{}, { isKey: false }],
  ): Script => {
    let clientPort = 0;
    return (request, link) => {
      if (request.method === 'SETUP') {
        const transport = request.headers.get('transport') ?? '';
        clientPort = Number(/client_port=(\d+)-/.exec(transport)?.[1] ?? 0);
        const server = clientPort === 0 ? transport : `${transport};server_port=40000-40001`;
        link.reply(request, 200, ['Session: 1', `Transport: ${server}`]);
        return true;
      }
      if (request.method !== 'PLAY' || clientPort === 0) return false;
      link.reply(request, 200);
      const picture = pictureMaker();
      void sendUdp(
        pictures.flatMap((options) => picture(options)),
        clientPort,
        sendFrom,
      );
      return true;
    };
  };

  it('plays, from an even port', async () => {
    const cam = await camera(overUdp('127.0.0.1'));
    const { error, units, reports } = await runRtsp(`rtsp://127.0.0.1:${cam.port}/`, {
      transport: 'auto',
      stopAfter: 2,
    });
    expect(error).toBeUndefined();
    expect(units).toHaveLength(2);
    expect(reports.at(-1)).toMatchObject({ transport: 'udp', packets: 4 });
    const [, rtp, rtcp] = /client_port=(\d+)-(\d+)/.exec(cam.requests[2]?.transport ?? '') ?? [];
    expect(Number(rtp) % 2).toBe(0);
    expect(Number(rtcp)).toBe(Number(rtp) + 1);
  });

  it.each([
    ['a datagram', [{}, { isKey: false }]],
    // Its marker is not understood yet, so it leaves when nothing follows it.
    ['the silence after one', [{}]],
  ])('ends with an exception of the sink at %s, as over TCP', async (_, pictures) => {
    const cam = await camera(overUdp('127.0.0.1', pictures));
    const source = rtspSourceOf(`rtsp://127.0.0.1:${cam.port}/`, { transport: 'udp' });
    const accessUnit = (): void => {
      throw new Error('the sink failed');
    };
    const sink = { tracks: () => undefined, accessUnit, received: () => undefined };
    await expect(source.run(sink, new AbortController().signal)).rejects.toThrow('the sink failed');
  });

  it('drops what a stranger sends, and falls back to TCP after 3 s of silence, for good', async () => {
    const cam = await camera(overUdp('127.0.0.2'));
    const logs: string[] = [];
    const source = rtspSourceOf(`rtsp://127.0.0.1:${cam.port}/`, {
      transport: 'auto',
      log: (_, message) => logs.push(message),
    });
    const first = await runRtsp(source, { stopAfter: 3 });
    expect(first.reports.map((report) => report.transport)).toContain('udp');
    expect(first.reports.at(-1)).toMatchObject({ transport: 'tcp', packets: 5 });
    expect(logs).toEqual([expect.stringContaining('UDP packets do not arrive, using TCP')]);
    await runRtsp(source, { stopAfter: 1 });
    const setups = cam.requests
      .filter((request) => request.method === 'SETUP')
      .map((request) => request.transport);
    expect(setups).toEqual([
      expect.stringContaining('client_port'),
      'RTP/AVP/TCP;unicast;interleaved=0-1',
      'RTP/AVP/TCP;unicast;interleaved=0-1',
    ]);
  });

  it('falls back to TCP as well when nothing but sound gets through', async () => {
    let soundPort = 0;
    const cam = await camera((request, link) => {
      if (request.method === 'DESCRIBE') {
        link.reply(request, 200, [], `${videoSdp}m=audio 0 RTP/AVP 0\r\na=control:trackID=1\r\n`);
        return true;
      }
      if (request.method === 'SETUP')
        soundPort = Number(/client_port=(\d+)/.exec(request.headers.get('transport') ?? '')?.[1] ?? 0);
      if (request.method !== 'PLAY' || soundPort === 0) return false;
      link.reply(request, 200);
      const sound = [1, 2].map((sequence) =>
        rtpPacket({ sequence, timestamp: sequence * 160, ssrc: 5 }, new Uint8Array(160)),
      );
      void sendUdp(sound, soundPort);
      return true;
    });
    let offsetMs = 0;
    const source = rtspSourceOf(`rtsp://127.0.0.1:${cam.port}/`, {
      transport: 'auto',
      clock: () => systemClock() + offsetMs,
    });
    const abort = new AbortController();
    onTestFinished(() => abort.abort());
    const kinds = new Set<string>();
    await source.run(
      {
        tracks: () => undefined,
        received: () => undefined,
        accessUnit(unit) {
          kinds.add(unit.track.kind);
          if (unit.track.kind === 'video') abort.abort();
          else offsetMs = 3000;
        },
      },
      abort.signal,
    );
    expect([...kinds]).toEqual(['audio', 'video']);
  });

  it.each([
    ['auto', undefined],
    ['udp', 'refused-by-peer'],
  ] as const)('%s: a camera that refuses UDP', async (transport, code) => {
    const cam = await camera((request, link) => {
      if (request.method !== 'SETUP' || request.headers.get('transport')?.includes('TCP')) return false;
      link.reply(request, 461);
      return true;
    });
    const { error } = await runRtsp(`rtsp://127.0.0.1:${cam.port}/`, { transport, stopAfter: 1 });
    expect(error?.code).toBe(code);
  });
});
