import { describe, expect, test } from 'vitest';
import { CameraRig, fitPose } from '../../../../src/dashboard/graph/camera-rig.ts';
import { neighbour, createProjector, pick } from '../../../../src/dashboard/graph/projection.ts';

const MARGIN = { x: 0.05, top: 0.1, bottom: 0.05 };
const balls = [
  { center: [-400, 0, 0], radius: 50 },
  { center: [400, 200, 30], radius: 80 },
  { center: [0, -300, -20], radius: 20 },
] as const;

describe('camera', () => {
  test.each([
    { note: 'wide', width: 1_440, height: 700 },
    { note: 'narrow', width: 390, height: 600 },
  ])('a fitted picture holds every ball within its margins: $note', ({ width, height }) => {
    const pose = fitPose(
      balls.map(({ center, radius }) => ({ center: [...center], radius })),
      { target: [0, 0, 0], distance: 1, yaw: 0.3, pitch: 0.2 },
      width / height,
      MARGIN,
    );
    const projector = createProjector(pose, width, height);
    for (const { center, radius } of balls) {
      const [x, y, z] = center;
      const at = projector.at(x, y, z);
      if (at === undefined) throw new Error('behind the eye');
      expect(at.x - radius * at.scale).toBeGreaterThanOrEqual(0);
      expect(at.x + radius * at.scale).toBeLessThanOrEqual(width);
      expect(at.y - radius * at.scale).toBeGreaterThanOrEqual(height * 0.05);
      expect(at.y + radius * at.scale).toBeLessThanOrEqual(height);
    }
  });

  test('nothing to fit: the pose stays', () => {
    const pose = { target: [1, 2, 3] as [number, number, number], distance: 9, yaw: 0, pitch: 0 };
    expect(fitPose([], pose, 1, MARGIN)).toEqual(pose);
  });

  test('goes gently, arrives, and then rests; without easing at once', () => {
    const rig = new CameraRig();
    rig.moveTo({ ...rig.pose, target: [100, 0, 0] });
    expect(rig.pose.target[0]).toBe(0);
    rig.advance(16);
    expect(rig.pose.target[0]).toBeGreaterThan(0);
    expect(rig.pose.target[0]).toBeLessThan(30);
    for (let i = 0; i < 200; i++) rig.advance(16);
    expect(rig.advance(16)).toBe(false);
    expect(rig.pose.target[0]).toBe(100);
    rig.eases = false;
    rig.moveTo({ ...rig.pose, distance: 50 });
    expect(rig.pose.distance).toBe(50);
  });

  test('what lies under the pointer stays there while zooming; turning stops short of the poles', () => {
    const rig = new CameraRig();
    const [width, height] = [800, 600];
    const before = createProjector(rig.pose, width, height).at(60, 40, 0);
    if (before === undefined) throw new Error('behind the eye');
    rig.zoom(0.5, (before.x - width / 2) / height, (height / 2 - before.y) / height);
    const after = createProjector(rig.pose, width, height).at(60, 40, 0);
    expect(after?.x).toBeCloseTo(before.x, -0.7);
    expect(after?.y).toBeCloseTo(before.y, -0.7);
    rig.orbit(0, 99);
    expect(Math.abs(rig.pose.pitch)).toBeLessThan(Math.PI / 2);
    rig.zoom(1e-9);
    expect(rig.pose.distance).toBeGreaterThan(1);
  });

  test('picks the nearest in reach that is seen and accepted; arrow keys go the way they point', () => {
    const projector = createProjector({ target: [0, 0, 0], distance: 500, yaw: 0, pitch: 0 }, 800, 600);
    // Middle, right, left; the last is not seen.
    const data = new Float32Array([0, 0, 0, 1, 50, 0, 0, 1, -50, 0, 0, 1, 2, 0, 0, 0]);
    const all = () => true;
    const middle = { x: 402, y: 300, reach: 16 };
    expect(pick(data, 4, projector, middle, all)).toBe(0);
    expect(pick(data, 4, projector, middle, (index) => index !== 0)).toBeUndefined();
    expect(pick(data, 4, projector, { x: 10, y: 10, reach: 16 }, all)).toBeUndefined();
    expect(neighbour(data, 3, projector, 0, { x: 1, y: 0 }, all)).toBe(1);
    expect(neighbour(data, 3, projector, 0, { x: -1, y: 0 }, all)).toBe(2);
    expect(neighbour(data, 3, projector, 0, { x: 0, y: 1 }, all)).toBeUndefined();
  });
});
