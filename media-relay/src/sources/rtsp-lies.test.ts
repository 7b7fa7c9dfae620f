import { describe, expect, it } from 'vitest';
import { type Script } from '../rtsp/fake-camera.ts';
import { runRtsp, useCameras, userInfo } from '../testing/rtsp-run.ts';

const camera = useCameras();

describe('cameras that lie', () => {
  const lie =
    (method: string, answer: (link: Parameters<Script>[1], request: Parameters<Script>[0]) => void): Script =>
    (request, link) => {
      if (request.method !== method) return false;
      answer(link, request);
      return true;
    };

  it.each<[string, Script, string, string]>([
    [
      'a bad length',
      lie('DESCRIBE', (link) => link.write('RTSP/1.0 200 OK\r\nCSeq: 2\r\nContent-Length: 9e9\r\n\r\n')),
      'protocol',
      'Content-Length',
    ],
    [
      'a length of a gigabyte',
      lie('DESCRIBE', (link) =>
        link.write('RTSP/1.0 200 OK\r\nCSeq: 2\r\nContent-Length: 1000000000\r\n\r\n'),
      ),
      'protocol',
      'exceeds',
    ],
    [
      'endless headers',
      lie('DESCRIBE', (link) => link.write(`RTSP/1.0 200 OK\r\n${'X: y\r\n'.repeat(20_000)}`)),
      'protocol',
      'header block exceeds',
    ],
    [
      'a wrong CSeq',
      lie('DESCRIBE', (link) => link.write('RTSP/1.0 200 OK\r\nCSeq: 77\r\n\r\n')),
      'protocol',
      'CSeq "77"',
    ],
    [
      'garbage between frames',
      lie('PLAY', (link, request) => {
        link.reply(request, 200);
        link.picture();
        link.write(Buffer.from([0, 0, 0, 1]));
      }),
      'protocol',
      'byte 0x00',
    ],
    [
      'a web server',
      lie('OPTIONS', (link) => link.write('HTTP/1.1 400 Bad Request\r\n\r\n')),
      'protocol',
      'HTTP/1.1 400',
    ],
    [
      'a session description that is none',
      lie('DESCRIBE', (link, request) => link.reply(request, 200, [], 'm=video\r\n')),
      'protocol',
      'media line',
    ],
    [
      'a 401 loop',
      (request, link) => {
        link.reply(request, 401, [`WWW-Authenticate: Digest realm="r", nonce="${Math.random()}"`]);
        return true;
      },
      'unauthorized',
      'refuses the user or the password',
    ],
    [
      'a redirection loop',
      lie('DESCRIBE', (link, request) => link.reply(request, 302, ['Location: /again'])),
      'refused-by-peer',
      'more than 5 times',
    ],
    [
      'a redirection out of RTSP',
      lie('DESCRIBE', (link, request) => link.reply(request, 302, ['Location: http://x/'])),
      'refused-by-peer',
      'not an RTSP address',
    ],
    [
      'no such path',
      lie('DESCRIBE', (link, request) => link.reply(request, 404)),
      'not-found',
      'check the path',
    ],
    [
      'an echo of the secrets',
      lie('DESCRIBE', (link, request) =>
        link.write(`RTSP/1.0 500 g\u00e9heim/9 ${userInfo}\r\nCSeq: ${request.headers.get('cseq')}\r\n\r\n`),
      ),
      'refused-by-peer',
      '***',
    ],
    ['hanging up at once', lie('OPTIONS', (link) => link.hangUp()), 'ended', 'closed the connection'],
  ])('%s', async (_, script, code, message) => {
    const cam = await camera(script);
    const { error } = await runRtsp(`rtsp://${userInfo}127.0.0.1:${cam.port}/`);
    expect(error).toMatchObject({ code, message: expect.stringContaining(message) });
    await expect.poll(() => cam.openLinks()).toBe(0);
  });

  it('do not make the relay repeat a password without end', async () => {
    const cam = await camera((request, link) => {
      link.reply(request, 401, ['WWW-Authenticate: Basic realm="r"']);
      return true;
    });
    await runRtsp(`rtsp://${userInfo}127.0.0.1:${cam.port}/`);
    expect(cam.requests.filter((request) => request.authorization !== undefined)).toHaveLength(1);
  });
});
