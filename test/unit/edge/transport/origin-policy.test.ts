import { describe, expect, test } from 'vitest';
import { createOriginPolicy } from '../../../../src/edge/transport/origin-policy.ts';

const policy = (more: Partial<Parameters<typeof createOriginPolicy>[0]> = {}) =>
  createOriginPolicy({ host: '127.0.0.1', port: 8080, isSecure: false, allowedOrigins: [], ...more });

describe('origins', () => {
  test.each([
    ['', true],
    ['http://127.0.0.1:8080', true],
    ['http://localhost:8080', true],
    ['http://[::1]:8080', true],
    ['https://127.0.0.1:8080', false],
    ['http://127.0.0.1', false],
    ['http://127.0.0.1:8081', false],
    ['http://127.0.0.1:8080.evil.example', false],
    ['http://localhost:8080/', false],
    ['HTTP://LOCALHOST:8080', false],
    ['null', false],
  ])('"%s": %s', (origin, allowed) => {
    expect(policy().allowsOrigin(origin)).toBe(allowed);
  });

  test('those that are configured, exactly', () => {
    const { allowsOrigin } = policy({ allowedOrigins: ['https://dash.example'] });
    expect(allowsOrigin('https://dash.example')).toBe(true);
    expect(allowsOrigin('https://dash.example:443')).toBe(false);
    expect(allowsOrigin('https://sub.dash.example')).toBe(false);
  });

  test('with TLS the own origin is https, without its port where that is the usual one', () => {
    const secure = policy({ isSecure: true });
    expect(secure.allowsOrigin('https://127.0.0.1:8080')).toBe(true);
    expect(secure.allowsOrigin('http://127.0.0.1:8080')).toBe(false);
    expect(policy({ isSecure: true, port: 443 }).allowsOrigin('https://localhost')).toBe(true);
    expect(policy({ isSecure: true, port: 80 }).allowsOrigin('https://localhost')).toBe(false);
    expect(policy({ port: 80 }).allowsOrigin('http://localhost')).toBe(true);
    expect(policy({ port: 443 }).allowsOrigin('http://localhost')).toBe(false);
  });
});

describe('hosts', () => {
  test('while bound to loopback, only its names: a foreign name that leads here is another page’s', () => {
    const { allowsHost } = policy();
    expect(['127.0.0.1:8080', 'LOCALHOST:8080', '[::1]:8080'].map((host) => allowsHost(host))).toEqual([
      true,
      true,
      true,
    ]);
    expect(['evil.example:8080', 'localhost', '', 'localhost:8081'].map((host) => allowsHost(host))).toEqual(
      Array(4).fill(false),
    );
  });

  test('a wide address is reached by names that we do not know', () => {
    expect(policy({ host: '0.0.0.0' }).allowsHost('gateway.example')).toBe(true);
  });
});
