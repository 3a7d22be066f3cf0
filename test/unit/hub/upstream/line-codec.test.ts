import { describe, expect, test } from 'vitest';
import { createCounters } from '../../../../src/hub/upstream/connection-counters.ts';
import { encodeLine, LineDecoder } from '../../../../src/hub/upstream/transports/line-codec.ts';

function decode(chunks: readonly (string | Uint8Array)[], maxLineBytes = 1_000) {
  const heard: unknown[] = [];
  const counters = createCounters();
  const decoder = new LineDecoder({
    maxLineBytes,
    counters,
    sink: {
      onMessage: (message) => heard.push({ message }),
      onEvent: (event) => heard.push({ event }),
      onNoise: (noise) => heard.push({ noise }),
    },
  });
  for (const chunk of chunks) decoder.push(Buffer.from(chunk));
  return { heard, counters };
}

const A = { jsonrpc: '2.0' as const, id: 1, result: { text: 'äöü 🐝' } };
const B = { jsonrpc: '2.0' as const, method: 'm' };

describe('LineDecoder', () => {
  test.each([
    { note: 'one line', chunks: [encodeLine(A)], heard: [{ message: A }] },
    { note: 'two in one chunk', chunks: [encodeLine(A) + encodeLine(B)], heard: [{ message: A }, { message: B }] },
    { note: 'no newline yet', chunks: [JSON.stringify(A)], heard: [] },
    { note: 'carriage return', chunks: [`${JSON.stringify(B)}\r\n`], heard: [{ message: B }] },
    { note: 'empty lines are nothing', chunks: ['\n\n  \n\r\n'], heard: [] },
    {
      note: 'a batch of an older revision',
      chunks: [`[${JSON.stringify(A)},${JSON.stringify(B)}]\n`],
      heard: [{ message: A }, { message: B }],
    },
    { note: 'plain words', chunks: ['🐝 Created swarm\n'], heard: [{ noise: '🐝 Created swarm' }] },
    { note: 'broken JSON', chunks: ['{"a":\n'], heard: [{ noise: '{"a":' }] },
    {
      note: 'JSON of another protocol',
      chunks: ['{"jsonrpc":"1.0","id":1}\n'],
      heard: [{ noise: '{"jsonrpc":"1.0","id":1}' }],
    },
    { note: 'an empty array', chunks: ['[]\n'], heard: [{ noise: '[]' }] },
    { note: 'a mixed array', chunks: [`[${JSON.stringify(B)},5]\n`], heard: [{ noise: `[${JSON.stringify(B)},5]` }] },
    { note: 'null and numbers', chunks: ['null\n42\n'], heard: [{ noise: 'null' }, { noise: '42' }] },
    {
      note: 'a bare event with data',
      chunks: ['{"type":"agent.status","data":{}}\n'],
      heard: [{ event: { type: 'agent.status', data: {} } }],
    },
    {
      note: 'a bare event with a time',
      chunks: ['{"type":"heartbeat","timestamp":1}\n'],
      heard: [{ event: { type: 'heartbeat', timestamp: 1 } }],
    },
    { note: 'a type alone is no event', chunks: ['{"type":"x"}\n'], heard: [{ noise: '{"type":"x"}' }] },
    { note: 'bytes that are no UTF-8', chunks: [Buffer.from([0xff, 0x0a])], heard: [{ noise: '\ufffd' }] },
  ])('$note', ({ chunks, heard }) => {
    expect(decode(chunks).heard).toEqual(heard);
  });

  test('a line at the limit passes, one byte more is skipped and counted, the next is read', () => {
    const line = encodeLine(A);
    const bytes = Buffer.byteLength(line) - 1;
    expect(decode([line], bytes)).toMatchObject({ heard: [{ message: A }], counters: { oversizeLines: 0 } });
    for (const chunks of [
      [line + encodeLine(B)],
      [line.slice(0, 5), line.slice(5, 20), line.slice(20) + encodeLine(B)],
    ]) {
      expect(decode(chunks, bytes - 1)).toMatchObject({
        heard: [{ message: B }],
        counters: { oversizeLines: 1, noiseLines: 0 },
      });
    }
  });

  test('long noise is cut', () => {
    const { heard } = decode(['x'.repeat(5_000) + '\n'], 10_000);
    expect(heard).toEqual([{ noise: 'x'.repeat(2_048) }]);
  });
});
