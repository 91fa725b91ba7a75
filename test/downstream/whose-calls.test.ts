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

const rows = [
  ['of one caller who proved who it is are one client’s', proven, {}, 1],
  ['of the same caller under another name are another’s', proven, { clientInfo: { name: 'b' } }, 2],
  ['of callers who proved nothing are each another’s', anonymous, {}, 2],
] as const;

it.each(rows)('two calls %s', async (_, identity, second, clients) => {
  const rig = new SessionRig();
  for (const [id, envelope] of [{}, second].entries()) {
    rig.askFrom(rig.outlet, identity, id, 'tools/call', { name: 's__echo' }, envelope);
  }
  await until('both calls', () => rig.sent.length === 2);
  expect(new Set(rig.sent.map(({ options }) => options.related?.client)).size).toBe(clients);
  for (const { resolve } of rig.sent) resolve(responseOf({ content: [] }));
  await rig.host.close();
});
