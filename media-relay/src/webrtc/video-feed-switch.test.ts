/** A feed between two renditions, down to the packets: what a viewer gets over any sequence of events. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { delta, expectOneStream, switchedFeed } from '../testing/switched-feed.ts';
import { timeBox } from '../testing/time-box.ts';

describe('a switch', () => {
  function watching() {
    const made = switchedFeed();
    for (let i = 0; i < 30; i++) {
      made.frame(0, i === 0 ? 60_000 : 12_000, i === 0);
      if (i % 2 === 0) made.frame(1, i === 0 ? 8000 : 1500, i === 0);
      made.pass(33);
    }
    made.feed.start(made.nowMs);
    for (let i = 0; i < 6; i++) {
      made.frame(0, 12_000);
      if (i % 2 === 0) made.frame(1, 1500);
      made.pass(33);
    }
    return made;
  }

  test('bursts what the other rendition has cached, with the moment of departure, on the clock that the viewer has', () => {
    const made = watching();
    const clockBefore = made.feed.rtpTimestampAt(made.nowMs) ?? 0;
    const from = made.packets.length;
    made.switchTo(1);
    expect(delta(clockBefore, made.feed.rtpTimestampAt(made.nowMs) ?? 0)).toBe(0);
    made.pass(20);
    const after = made.packets.slice(from);
    expect(after.filter(({ marker }) => marker)).toHaveLength(18);
    expect(after.every(({ rendition }) => rendition === 1)).toBe(true);
    expect(Math.abs(delta(clockBefore, after[0]?.timestamp ?? 0))).toBeLessThan(90 * 2);
    for (let i = 0; i < 10; i++) {
      made.frame(1, 1500);
      made.pass(66);
    }
    expectOneStream(made.packets);
    const live = made.packets.slice(-4).filter(({ marker }) => marker);
    for (const [i, one] of live.entries())
      if (i > 0) expect(delta(live[i - 1]?.timestamp ?? 0, one.timestamp)).toBe(6000);
    // A frame that has just arrived stands on the clock where it stood before, give or take a frame.
    const stepMs = delta(clockBefore, made.packets.at(-1)?.timestamp ?? 0) / 90;
    expect(Math.abs(stepMs - 20 - 660)).toBeLessThan(100);
  });

  test('a frame that is half sent is sent to its end first', () => {
    const made = watching();
    made.frame(0, 500_000, true);
    made.pass(5);
    expect(made.packets.at(-1)?.marker).toBe(false);
    const from = made.packets.length;
    made.switchTo(1);
    expect(made.packets).toHaveLength(from);
    made.pass(60);
    expect(made.packets.slice(from).map(({ rendition }) => rendition)).toContain(0);
    expect(made.packets.at(-1)?.rendition).toBe(1);
    expectOneStream(made.packets);
  });

  test('the switch behind a frame comes whatever the connection takes then', () => {
    // Of some sizes the last packet is also the last of the credit.
    for (let bytes = 100_000; bytes < 160_000; bytes += 2000) {
      const made = watching();
      Object.assign(made.destination, { tcp: { hasRoom: true, send: () => undefined } });
      made.frame(0, bytes, true);
      made.pass(1);
      expect(made.packets.at(-1)?.marker).toBe(false);
      made.switchTo(1);
      // It takes what has begun, and then nothing for longer than a picture may wait.
      made.destination.socket.writable = false;
      made.pass(700);
      made.destination.socket.writable = true;
      made.frame(1, 8000, true);
      made.pass(10);
      expect(made.packets.at(-1)?.rendition).toBe(1);
      expectOneStream(made.packets);
      for (const store of made.stores) store.close();
    }
  });

  test('there and back before the frame has ended changes nothing', () => {
    const made = watching();
    made.frame(0, 500_000, true);
    made.pass(5);
    const { bursts } = made.statistics;
    made.switchTo(1);
    made.switchTo(0);
    made.pass(60);
    made.frame(0, 12_000);
    made.pass(5);
    expect(made.statistics.bursts).toBe(bursts);
    expect(made.packets.every(({ rendition }) => rendition === 0)).toBe(true);
    expectOneStream(made.packets);
  });

  test('what was sent before is resent from where it came from', () => {
    const made = watching();
    const lost = made.packets.slice(-5).map(({ seq }) => seq & 0xffff);
    made.switchTo(1);
    made.pass(20);
    for (let i = 0; i < 20; i++) {
      made.frame(0, 12_000);
      made.frame(1, 1500);
      made.pass(33);
    }
    const sealed = made.covered.size;
    expect(made.resend(lost)).toBe(true);
    expect(made.reused).toEqual([]);
    expect(made.covered.size).toBe(sealed);
  });

  test('to a rendition without a group waits for its key frame', () => {
    const made = watching();
    made.interrupt(1);
    const from = made.packets.length;
    made.switchTo(1);
    made.frame(1, 1500);
    made.pass(50);
    expect(made.packets).toHaveLength(from);
    made.frame(1, 8000, true);
    made.pass(10);
    expect(made.packets.slice(from).every(({ rendition, isKey }) => rendition === 1 && isKey)).toBe(true);
    expectOneStream(made.packets);
  });
});

test('the first packet of the longest burst can still be asked for at its end', () => {
  const made = switchedFeed();
  for (let frame = 0; frame < 600; frame++) {
    made.frame(1, 1000, frame === 0);
    made.pass(16);
  }
  made.switchTo(1);
  made.pass(300);
  expect(made.packets).toHaveLength(600);
  expect(made.resend([(made.packets[0]?.seq ?? 0) & 0xffff])).toBe(true);
  expect(made.statistics.resentPackets).toBe(1);
});

test('a resynchronisation that cuts a frame short leaves its numbers to what follows', () => {
  for (const pieces of [1, 2, 3, 4, 5, 6, 7]) {
    const made = switchedFeed({ rtx: false });
    made.feed.start(made.nowMs);
    for (let frame = 0; frame < pieces; frame++) made.frame(0, 3000, frame === 0);
    made.pass(2000);
    made.frame(0, 150_000);
    made.pass(1);
    expect(made.packets.at(-1)?.marker).toBe(false);
    made.feed.resync(made.nowMs);
    made.pass(1);
    const newest = made.packets.at(-1)?.seq ?? 0;
    for (let back = 0; back < 60; back++) made.resend([(newest - back) & 0xffff]);
    expect(made.reused).toEqual([]);
    for (const store of made.stores) store.close();
  }
});

test('whatever happens, the viewer has one stream of whole frames, and no nonce covers two packets', () => {
  const which = fc.constantFrom(0, 1);
  const action = fc.oneof(
    {
      weight: 8,
      arbitrary: fc.tuple(fc.constant('frame' as const), which, fc.integer({ min: 1, max: 30_000 })),
    },
    {
      weight: 2,
      arbitrary: fc.tuple(fc.constant('key' as const), which, fc.integer({ min: 1, max: 200_000 })),
    },
    {
      weight: 8,
      arbitrary: fc.tuple(fc.constant('pass' as const), fc.constantFrom(1, 3, 33), fc.constant(0)),
    },
    { weight: 3, arbitrary: fc.tuple(fc.constant('switch' as const), which, fc.constant(0)) },
    {
      weight: 3,
      arbitrary: fc.tuple(fc.constant('resend' as const), fc.constant(0), fc.integer({ min: 1, max: 3000 })),
    },
    { weight: 1, arbitrary: fc.tuple(fc.constant('interrupt' as const), which, fc.constant(0)) },
    { weight: 1, arbitrary: fc.tuple(fc.constant('resync' as const), fc.constant(0), fc.constant(0)) },
    { weight: 1, arbitrary: fc.tuple(fc.constant('writable' as const), which, fc.constant(0)) },
  );
  fc.assert(
    fc.property(
      fc.array(action, { maxLength: 300 }),
      fc.integer({ min: 0, max: 0xffff }),
      fc.boolean(),
      (actions, firstSeq, rtx) => {
        const made = switchedFeed({ firstSeq, rtx });
        made.feed.start(made.nowMs);
        let wasBroken = false;
        for (const [kind, first, second] of actions) {
          const camera = first === 1 ? 1 : 0;
          if (kind === 'frame') made.frame(camera, second);
          else if (kind === 'key') made.frame(camera, second, true);
          else if (kind === 'pass') made.pass(first);
          else if (kind === 'switch') made.switchTo(camera);
          else if (kind === 'resend') made.resend([((made.packets.at(-1)?.seq ?? 0) - second) & 0xffff]);
          else if (kind === 'interrupt') made.interrupt(camera);
          else if (kind === 'writable') made.destination.socket.writable = camera === 1;
          else {
            // A resynchronisation may cut a frame short: what came of it is of no use anyway.
            wasBroken ||= made.packets.at(-1)?.marker === false;
            made.feed.resync(made.nowMs);
          }
        }
        if (!wasBroken) expectOneStream(made.packets);
        expect(made.reused).toEqual([]);
        for (const store of made.stores) store.close();
      },
    ),
    timeBox,
  );
});
