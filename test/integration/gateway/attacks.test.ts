/** A table of attacks: each is refused with its code, and counted. What many connections do is in test/faults. */
import { afterAll, beforeAll } from 'vitest';
import type { Gateway } from '../../../src/gateway.ts';
import { ATTACKED_SETTINGS, describeAttacks } from '../../support/attack-table.ts';
import { openTestGateway, openTestServer } from '../../support/gateway.ts';

let gateway: Gateway;
let stop: () => Promise<void>;
beforeAll(async () => {
  const { simulator, server } = await openTestServer('sim');
  gateway = await openTestGateway({ ...ATTACKED_SETTINGS, servers: [server] });
  stop = async () => {
    await gateway[Symbol.asyncDispose]();
    await simulator[Symbol.asyncDispose]();
  };
});
afterAll(() => stop());

describeAttacks(() => gateway);
