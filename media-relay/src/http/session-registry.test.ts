import { expect, test } from 'vitest';

import { SessionRegistry } from './session-registry.ts';

test('knows a session by its id, with the ufrag of its offer and an ETag that does not tell the id', () => {
  const registry = new SessionRegistry();
  const session = registry.add('secret-id', 'lobby', 'v=0\r\na=ice-ufrag:ab+/\r\na=ice-pwd:x\r\n');
  expect(session).toMatchObject({ id: 'secret-id', stream: 'lobby', ufrag: 'ab+/' });
  expect(session.etag).not.toContain('secret');
  expect(registry.get('secret-id')).toBe(session);
  registry.remove('secret-id');
  expect(registry.get('secret-id')).toBeUndefined();
});

test('is bounded: the oldest make way', () => {
  const registry = new SessionRegistry(2);
  for (const id of ['a', 'b', 'c']) registry.add(id, 'lobby', '');
  expect(['a', 'b', 'c'].map((id) => registry.get(id)?.id)).toEqual([undefined, 'b', 'c']);
});
