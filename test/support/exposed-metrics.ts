/** What a running gateway shows at /metrics. */
import { once } from 'node:events';
import { expect, vi } from 'vitest';
import { WebSocket } from 'ws';
import { secureGet } from './secure-get.ts';
import { makeCertificate } from './self-signed.ts';
import { openTestGateway, openTestServer, RecordingClient } from './gateway.ts';

/** What only a gateway that speaks TLS has to show. */
export async function secureMetrics(): Promise<string> {
  const { cert, key } = makeCertificate('shown');
  await using gateway = await openTestGateway({ 'edge.tls.cert': cert, 'edge.tls.key': key, 'simulate.agents': 2 });
  return await vi.waitFor(
    async () => {
      const { text } = await secureGet(`${gateway.url}/metrics`, cert);
      expect(text).toContain('swarmcast_edge_certificate_expiry_timestamp_seconds{');
      return text;
    },
    { timeout: 15_000 },
  );
}

/** A gateway with one server and one client at 60 Hz, scraped when every part of it has something to show. */
export async function exposedMetrics(): Promise<string> {
  const { simulator, server } = await openTestServer('sim');
  try {
    await using gateway = await openTestGateway({ servers: [server] });
    using client = await RecordingClient.connect(gateway.url, { mode: 'high_frequency' });
    const scrape = async () => (await fetch(`${gateway.url}/metrics`)).text();
    // Refusals are counted by kind, from the first of each on.
    await fetch(`${gateway.url}/api/clients`, { headers: { authorization: 'Bearer wrong' } });
    const refused = new WebSocket(`${gateway.url.replace('http', 'ws')}/ws`, ['swarmcast.v1.json', 'bearer.wrong']);
    await once(refused, 'close');
    // One turn of 31 is timed, and a first scrape is what the second one counts.
    await client.until('frames', () => client.frames.length > 70);
    return await vi.waitFor(
      async () => {
        const now = await scrape();
        expect(now).toContain('swarmcast_upstream_average_round_trip_seconds{');
        expect(now).toContain('swarmcast_cost_turn_seconds_total{');
        expect(now).toContain('swarmcast_http_requests_total{');
        // A rate needs two readings.
        expect(now).toContain('\nmcp_message_throughput_per_sec ');
        return now;
      },
      { timeout: 15_000, interval: 100 },
    );
  } finally {
    await simulator[Symbol.asyncDispose]();
  }
}
