import { expect, it } from 'vitest';
import type { Identity } from '../../src/core/tool-call.ts';
import { until } from '../harness/until.ts';
import { responseOf, SessionRig } from './rig.ts';

const proven: Identity = {
  type: 'identity',
  id: 'ada',
  source: 'token',
  verified: true,
  scope: 'token:ada',
};
const anonymous: Identity = {
  type: 'identity',
  id: null,
  source: 'anonymous',
  verified: false,
  scope: 'anonymous',
};

const asks = { clientCapabilities: { elicitation: {} } };

const rows = [
  ['of one caller are one client’s', proven, proven, {}, 1],
  [
    'of one caller under two names are two clients’',
    proven,
    proven,
    { clientInfo: { name: 'b' } },
    2,
  ],
  ['of one caller with other capabilities are two clients’', proven, proven, asks, 2],
  ['of two callers are two clients’', proven, anonymous, {}, 2],
  ['of nobody known are one client’s, as long as it goes by one name', anonymous, anonymous, {}, 1],
  [
    'of nobody known by two names are two clients’',
    anonymous,
    anonymous,
    { clientInfo: { name: 'b' } },
    2,
  ],
] as const;

it.each(rows)('two calls %s', async (_, one, another, envelope, clients) => {
  const rig = new SessionRig();
  rig.askFrom(rig.outlet, one, 1, 'tools/call', { name: 's__echo' });
  rig.askFrom(rig.outlet, another, 2, 'tools/call', { name: 's__echo' }, envelope);
  await until('both calls', () => rig.sent.length === 2);
  expect(new Set(rig.sent.map(({ options }) => options.related?.client)).size).toBe(clients);
  for (const { resolve } of rig.sent) resolve(responseOf({ content: [] }));
  await rig.host.close();
});
