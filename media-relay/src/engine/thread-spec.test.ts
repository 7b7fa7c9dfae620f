import { expect, test } from 'vitest';
import { threadSpec } from './thread-spec.ts';

const spec = {
  mediaPort: 8641,
  mediaAddresses: ['127.0.0.1'],
  announcedAddresses: ['203.0.113.5', '203.0.113.5:9000', '[2001:db8::1]:9000', '2001:db8::2'],
};

test('each thread has the next port, announced ones included', () => {
  expect(threadSpec(spec, 0)).toEqual({ ...spec, threadIndex: 0 });
  expect(threadSpec(spec, 2)).toEqual({
    ...spec,
    threadIndex: 2,
    mediaPort: 8643,
    announcedAddresses: ['203.0.113.5', '203.0.113.5:9002', '[2001:db8::1]:9002', '2001:db8::2'],
  });
});

test('port 0 stays the choice of the system', () => {
  expect(threadSpec({ ...spec, mediaPort: 0 }, 3).mediaPort).toBe(0);
});
