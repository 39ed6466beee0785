import { describe, expect, it } from 'vitest';
import { receiverSchema } from '../../src/alerts/receivers.ts';
import { defaultRoute, receiverPaths, receiversFor, routeSchema } from '../../src/alerts/route.ts';
import { sampleAlert } from '../notifiers/sample.ts';

const route = routeSchema.parse({
  receiver: 'all',
  repeat_interval: '2h',
  routes: [
    {
      match: { brand: 'acme' },
      receiver: 'acme-team',
      group_interval: '1m',
      routes: [
        { match: { severity: 'critical' }, receiver: 'boss', continue: true },
        { match: { team: ['press', 'social'] } },
      ],
    },
    { match: { severity: ['warning', 'critical'] }, receiver: 'ops', continue: true },
    { match: { brand: 'globex' }, receiver: 'globex-team' },
    { match: { region: '' }, receiver: 'nobody' },
  ],
});

describe('route', () => {
  it.each([
    ['the root takes the rest', { brand: 'other', severity: 'info' }, ['all']],
    ['the first child that matches wins', { brand: 'acme', severity: 'warning', labels: {} }, ['acme-team']],
    [
      'continue goes on to the next',
      { brand: 'acme', severity: 'critical', labels: { team: 'press' } },
      ['boss', 'acme-team'],
    ],
    ['one of several values is enough', { brand: 'acme', severity: 'info', labels: { team: 'social' } }, ['acme-team']],
    ['continue at the upper level', { brand: 'globex', severity: 'critical' }, ['ops', 'globex-team']],
    [
      'a label that is missing equals nothing, not even the empty text',
      { brand: 'x', severity: 'info', labels: {} },
      ['all'],
    ],
    ['a label may be empty', { brand: 'x', severity: 'info', labels: { region: '' } }, ['nobody']],
    [
      'an own field cannot be overwritten by a label',
      { brand: 'x', severity: 'info', labels: { brand: 'acme' } },
      ['all'],
    ],
    ['a name that every object has is no label', { brand: 'x', severity: 'info', labels: {} }, ['all']],
  ] as const)('%s', (_, over, receivers) => {
    expect(receiversFor(route, sampleAlert(over))).toEqual(receivers);
  });

  it('inherits what children do not say', () => {
    const [acme] = route.routes;
    expect(acme).toMatchObject({
      groupIntervalMs: 60_000,
      repeatIntervalMs: 7_200_000,
      groupWaitMs: 0,
      groupBy: ['brand', 'story'],
    });
    expect(acme?.routes[1]).toMatchObject({ receiver: 'acme-team', groupIntervalMs: 60_000 });
  });

  it('has the defaults that are promised', () => {
    expect(defaultRoute('pr')).toMatchObject({
      groupWaitMs: 0,
      groupIntervalMs: 300_000,
      repeatIntervalMs: 14_400_000,
    });
  });

  it('says where each receiver is named', () => {
    expect(receiverPaths(route).map(({ receiver, path }) => `${receiver} ${path.join('.')}`)).toEqual([
      'all route.receiver',
      'acme-team route.routes.0.receiver',
      'boss route.routes.0.routes.0.receiver',
      'acme-team route.routes.0.routes.1.receiver',
      'ops route.routes.1.receiver',
      'globex-team route.routes.2.receiver',
      'nobody route.routes.3.receiver',
    ]);
  });

  it('refuses keys that it does not know, at every depth', () => {
    expect(routeSchema.safeParse({ receiver: 'a', grup_by: [] }).success).toBe(false);
    expect(
      routeSchema.safeParse({ receiver: 'a', routes: [{ match: {}, routes: [{ match: {}, recever: 'b' }] }] }).success,
    ).toBe(false);
    expect(routeSchema.safeParse({ receiver: 'a', group_wait: '5 minutes' }).success).toBe(false);
  });
});

describe('receiver', () => {
  it('takes any of the channels, and at least one', () => {
    expect(receiverSchema.safeParse({ name: 'pr', email: { to: ['pr@example.org'] } }).success).toBe(true);
    expect(
      receiverSchema.safeParse({ name: 'pr', webhook: { url: 'https://example.org/h' }, console: {} }).success,
    ).toBe(true);
    expect(receiverSchema.safeParse({ name: 'pr' }).success).toBe(false);
    expect(receiverSchema.safeParse({ name: 'pr', email: { to: [] } }).success).toBe(false);
    expect(receiverSchema.safeParse({ name: 'pr', pigeon: {} }).success).toBe(false);
  });
});
