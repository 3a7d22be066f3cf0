import type { SwarmcastClient } from '../../src/client/client.ts';

/** Waits for a heartbeat whose hash agrees with what the client holds. @throws when one disagrees, or none comes. */
export function provenByHeartbeat(client: SwarmcastClient, deadlineMs = 20_000): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => end(new Error(`no comparable heartbeat within ${deadlineMs} ms`)), deadlineMs);
    const off = client.on('heartbeat', ({ matches, state_hash }) => {
      if (matches === true) end();
      if (matches === false) end(new Error(`state differs: the gateway's hash is ${state_hash}`));
    });
    function end(error?: Error): void {
      clearTimeout(timer);
      off();
      if (error === undefined) resolve();
      else reject(error);
    }
  });
}
