import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { readPacket } from './packet';

interface Golden {
  name: string;
  hex: string;
  packet: {
    track: number;
    sequence: number;
    time_ms: number;
    segment: number | null;
    position_ms: number;
    paused: boolean;
    yaw: number;
    pitch: number;
    roll: number;
    weights: number[];
  };
}

// The very bytes that the avatar's encoder is held to.
const file = new URL('../../../tests/data/weights_packets.json', import.meta.url);
const golden = JSON.parse(readFileSync(file, 'utf8')) as Golden[];
const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex, 'hex'));

test.each(golden)('the page does not read other numbers than were sent: $name', ({ hex, packet }) => {
  const read = readPacket(bytes(hex));
  expect(read).toMatchObject({
    track: packet.track,
    sequence: packet.sequence,
    time: packet.time_ms,
    segment: packet.segment,
    position: packet.position_ms,
    paused: packet.paused,
    pose: { yaw: packet.yaw, pitch: packet.pitch, roll: packet.roll },
  });
  packet.weights.forEach((weight, index) => {
    expect(read?.weights[index]).toBeCloseTo(weight, 2);
  });
});

test('a packet in the middle of a larger buffer does not read beside itself', () => {
  const whole = bytes('ff'.repeat(5) + (golden[1]?.hex ?? '') + 'ff'.repeat(5));
  expect(readPacket(whole.subarray(5, 81))?.position).toBe(123456);
});

test('what is no packet does not become one', () => {
  const good = bytes(golden[0]?.hex ?? '');
  expect(readPacket(good.subarray(0, 75))).toBeNull();
  expect(readPacket(new Uint8Array())).toBeNull();
  expect(readPacket(Uint8Array.of(2, ...good.subarray(1)))).toBeNull();
  expect(readPacket(Uint8Array.of(...good, 1, 2))).not.toBeNull();
});
