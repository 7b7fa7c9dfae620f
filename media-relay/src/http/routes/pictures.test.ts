import { setImmediate } from 'node:timers/promises';

import { expect, test } from 'vitest';

import type { Identified } from '../../auth/authoriser.ts';
import { localBrowser } from '../../auth/local-browser.ts';
import { startTestRelay } from '../testing/test-relay.ts';

test('whoever hangs up while it is asked who it is holds no decoder of moving pictures', async () => {
  const asked = Promise.withResolvers<void>();
  const identified = Promise.withResolvers<Identified>();
  const watched: string[] = [];
  const none = () => Promise.reject(new Error('nobody asks'));
  await using relay = await startTestRelay({
    deps: {
      auth: {
        identify() {
          asked.resolve();
          return identified.promise;
        },
      },
      pictures: {
        health: () => undefined,
        snapshots: { get: none },
        stills: undefined,
        mjpeg: {
          watch(stream) {
            watched.push(stream);
            return none();
          },
        },
      },
    },
  });
  const request = 'GET /api/v1/streams/lobby-1/mjpeg HTTP/1.1\r\nHost: localhost\r\n\r\n';
  await relay.abandon(request, asked.promise);
  identified.resolve({ ok: true, principal: localBrowser, hint: undefined });
  await setImmediate();
  expect(watched).toEqual([]);
});

test('moving pictures go on for longer than an answer with an end may take', async () => {
  const nowhere = () => Promise.reject(new Error('nobody asks'));
  const jpeg = Buffer.from('a picture');
  await using relay = await startTestRelay({
    server: { longestAnswerMs: 50 },
    deps: {
      pictures: {
        health: () => undefined,
        snapshots: { get: nowhere },
        stills: undefined,
        mjpeg: {
          watch(_stream, _width, viewer) {
            viewer.onPicture(jpeg);
            const end = setTimeout(() => {
              viewer.onPicture(Buffer.from('the last one'));
              viewer.onEnd();
            }, 250);
            return Promise.resolve(() => clearTimeout(end));
          },
        },
      },
    },
  });
  const response = await relay.fetch('/api/v1/streams/lobby-1/mjpeg');
  expect(await response.text()).toContain('the last one');
});
