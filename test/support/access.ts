/** Authenticators as a configuration makes them. */
import { createAuthenticator, type Authenticator } from '../../src/platform/auth/authenticator.ts';
import { systemClock, type Clock } from '../../src/platform/clock.ts';
import { configSchema } from '../../src/platform/config/schema.ts';

/** `auth` and `server` as they stand in a configuration file. */
export function accessOf(
  settings: { auth?: unknown; server?: unknown } = {},
  clock: Clock = systemClock,
): Promise<Authenticator> {
  const { auth = {}, server = {} } = settings;
  return createAuthenticator({ config: configSchema.parse({ auth, server }), clock });
}
