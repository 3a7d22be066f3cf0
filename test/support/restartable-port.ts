import { createServer } from 'node:net';

/** Below the ports that systems give to connections by themselves (Linux: from 32768), so that none takes it meanwhile. */
const FIRST = 20_000;
const COUNT = 12_000;

/** A port on loopback that is free, and stays so between the end of one server and the start of the next. */
export async function restartablePort(): Promise<number> {
  for (;;) {
    const port = FIRST + Math.floor(Math.random() * COUNT);
    const probe = createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      probe.once('error', () => resolve(false));
      probe.listen(port, '127.0.0.1', () => resolve(true));
    });
    if (!isFree) continue;
    await new Promise((resolve) => probe.close(resolve));
    return port;
  }
}
