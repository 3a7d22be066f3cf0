import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { publicationOffset, PUBLICATION, recordOffsets } from '../../../../src/model/position-region.ts';
import type { RegionHandle } from '../../../../src/model/position-region.ts';
import { copyRecords, createHead, readHead } from '../../../../src/model/region-reader.ts';

const RECORDS = 2_000;
const KERNEL = new URL('../../../../dist/hub/layout/kernel/', import.meta.url).href;

// Publishes without pause; in publication k every position and velocity is k, so a mixture shows.
const SCRIPT = `
import { parentPort, workerData } from 'node:worker_threads';
const { SwarmPool } = await import(workerData.kernel + 'swarm-pool.js');
const { FIELD, STATE } = await import(workerData.kernel + 'swarm-fields.js');
const n = ${String(RECORDS)};
const pool = new SwarmPool();
const swarm = pool.add(1);
pool.resizeBodies(swarm, n);
pool.words(swarm, FIELD.slots, n).forEach((_, i, slots) => { slots[i] = i; });
parentPort.postMessage(pool.renewRegion(swarm, 1, n));
const places = pool.floats(swarm, FIELD.places, 4 * n);
const velocities = pool.floats(swarm, FIELD.velocities, 4 * n);
pool.setF32(swarm, FIELD.reach, 1000);
const stop = new Int32Array(workerData.stop);
for (let k = 1; Atomics.load(stop, 0) === 0; k = k % 1000 + 1) {
  places.fill(k);
  velocities.fill(k / 60);
  pool.setU32(swarm, FIELD.slotsRev, k);
  pool.setU32(swarm, FIELD.membership, k);
  pool.wake(swarm, STATE.publishOnce);
  pool.tick(k, k);
}
`;

test('a reader in another thread never takes a mixture of two publications for one', async () => {
  const stop = new SharedArrayBuffer(4);
  const writer = new Worker(new URL(`data:text/javascript,${encodeURIComponent(SCRIPT)}`), {
    workerData: { stop, kernel: KERNEL },
  });
  const exited = new Promise((resolve, reject) => {
    writer.once('exit', resolve);
    writer.once('error', reject);
  });
  const [handle] = (await once(writer, 'message')) as [RegionHandle];
  const head = createHead();
  const bytes = {
    q16: new Uint8Array(RECORDS * 8),
    f32: new Uint8Array(RECORDS * 16),
    velocity: new Uint8Array(RECORDS * 12),
  };
  const q16 = new Int16Array(bytes.q16.buffer);
  const f32 = new Float32Array(bytes.f32.buffer);
  const velocity = new Float32Array(bytes.velocity.buffer);
  let whole = 0;
  let overtaken = 0;
  const seen = new Set<number>();
  try {
    while (whole < 500 || seen.size < 100) {
      if (whole + overtaken === 0) await new Promise(setImmediate);
      if (!readHead(handle, head)) continue;
      expect([head.count, head.timeMs, head.slotsRev, head.membership]).toEqual([
        RECORDS,
        head.tick,
        head.tick,
        head.tick,
      ]);
      let same = true;
      for (const kind of ['q16', 'f32', 'velocity'] as const) same &&= copyRecords(handle, head, kind, bytes[kind], 0);
      if (!same) {
        overtaken += 1;
        continue;
      }
      whole += 1;
      seen.add(head.tick);
      for (let i = 0; i < RECORDS; i += 1) {
        if (
          q16[i * 4 + 3] !== head.tick / head.scale ||
          f32[i * 4 + 3] !== head.tick ||
          Math.abs((velocity[i * 3] ?? NaN) - head.tick) > 1e-3
        ) {
          throw new Error(`record ${String(i)} of publication ${String(head.tick)} is of another`);
        }
      }
    }
  } finally {
    Atomics.store(new Int32Array(stop), 0, 1);
    await exited;
  }
  // A writer held up inside a publication: the sequence gives it away.
  const cells = new Int32Array(handle.buffer, handle.byteOffset);
  readHead(handle, head);
  const cell = (publicationOffset(head.index, handle.capacity) + PUBLICATION.sequence) / 4;
  Atomics.add(cells, cell, 1);
  expect(copyRecords(handle, head, 'q16', bytes.q16, 0)).toBe(false);
  expect(readHead(handle, createHead())).toBe(false);
  expect(recordOffsets(handle.capacity).q16).toBe(64);
});
