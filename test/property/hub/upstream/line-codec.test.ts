import fc from 'fast-check';
import { test } from 'vitest';
import { createCounters } from '../../../../src/hub/upstream/connection-counters.ts';
import { LineDecoder } from '../../../../src/hub/upstream/transports/line-codec.ts';

function decode(chunks: readonly Uint8Array[], maxLineBytes: number): unknown {
  const heard: unknown[] = [];
  const counters = createCounters();
  const sink = {
    onMessage: (value: unknown) => heard.push(['message', value]),
    onEvent: (value: unknown) => heard.push(['event', value]),
    onNoise: (value: unknown) => heard.push(['noise', value]),
  };
  const decoder = new LineDecoder({ maxLineBytes, counters, sink });
  for (const chunk of chunks) decoder.push(chunk);
  return { heard, counters };
}

const line = fc.oneof(
  fc
    .record({ id: fc.integer(), text: fc.string({ unit: 'grapheme' }) })
    .map(({ id, text }) => JSON.stringify({ jsonrpc: '2.0', id, result: { text } })),
  fc.constant('{"type":"agent.status","data":{"id":"🐝"}}'),
  fc.string({ unit: 'binary', maxLength: 200 }),
);

// With the longer limit a whole chunk is decoded at once.
test.each([120, 100_000])(
  'any chunking of the same bytes gives the same, lines of %i bytes at most',
  (maxLineBytes) => {
    fc.assert(
      fc.property(fc.array(line, { maxLength: 12 }), fc.array(fc.nat(2_000), { maxLength: 30 }), (lines, cuts) => {
        const bytes = Buffer.from(lines.join('\n'));
        const at = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].toSorted((a, b) => a - b);
        const chunks = [0, ...at].map((start, i) => bytes.subarray(start, at[i] ?? bytes.length));
        const bytewise = Array.from(bytes, (byte) => Uint8Array.of(byte));
        const whole = JSON.stringify(decode([bytes], maxLineBytes));
        return (
          JSON.stringify(decode(chunks, maxLineBytes)) === whole &&
          JSON.stringify(decode(bytewise, maxLineBytes)) === whole
        );
      }),
      { numRuns: 500 },
    );
  },
);
