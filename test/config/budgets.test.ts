import { expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { callSettings } from '../../src/config/settings.ts';
import { noTariff } from '../../src/core/budget.ts';
import { GateError } from '../../src/core/errors.ts';
import { scratch } from './scratch.ts';

function load(text: string) {
  return loadConfig(scratch().write('c.json', text), { env: {}, servers: 'expand' });
}

const servers =
  '"mcpServers": {"files": {"command": "x"}, "off": {"command": "x", "disabled": true}}';

it('a budget is read in milliseconds and millionths of a dollar, and denies unless it says otherwise', () => {
  const { budgets } = load(`{${servers}, "budgets": [
    {"id": "daily", "scope": ["subject", "server"], "window": "1d",
     "limit": {"usd": "5.0000019", "calls": 500}, "servers": ["files", "off"], "tools": ["write"]},
    {"id": "all", "scope": ["global"], "window": "30m", "limit": {"bytes": 0}, "onExceed": "escalate"}]}`);
  expect(budgets).toEqual([
    {
      id: 'daily',
      scope: ['subject', 'server'],
      windowMs: 86_400_000,
      limit: { calls: 500, microUsd: 5_000_001, bytes: undefined },
      onExceed: 'deny',
      servers: new Set(['files', 'off']),
      tools: new Set(['write']),
    },
    {
      id: 'all',
      scope: ['global'],
      windowMs: 1_800_000,
      limit: { calls: undefined, microUsd: undefined, bytes: 0 },
      onExceed: 'escalate',
      servers: undefined,
      tools: undefined,
    },
  ]);
});

const budget = (change: object) =>
  `{${servers}, "budgets": [${JSON.stringify({ id: 'b', scope: ['global'], window: '1h', limit: { calls: 1 }, ...change })}]}`;

const gate = (settings: object) =>
  JSON.stringify({ mcpServers: { files: { command: 'x', gate: settings } } });

const faults: [claim: string, text: string, message: string, hint?: string][] = [
  [
    'an id that cannot be typed',
    budget({ id: 'a b' }),
    '"budgets[0].id": expected an id of letters, digits, ".", "_" and "-", found "a b"',
  ],
  [
    'an unknown scope',
    budget({ scope: ['subjct'] }),
    '"budgets[0].scope[0]": expected "subject", "session", "server", "tool", "model" or "global", found "subjct"',
    'did you mean "subject"?',
  ],
  ['no scope', budget({ scope: [] }), '"budgets[0].scope": expected at least 1, found a list'],
  [
    'one scope twice',
    budget({ scope: ['tool', 'tool'] }),
    '"budgets[0].scope": expected every word once, or "global" alone, found a list',
  ],
  [
    'everything together, and apart',
    budget({ scope: ['global', 'tool'] }),
    '"budgets[0].scope": expected every word once, or "global" alone, found a list',
  ],
  [
    'no limit',
    budget({ limit: {} }),
    '"budgets[0].limit": expected "usd", "calls" or "bytes", found an object',
  ],
  [
    'money as a number, which would be rounded',
    budget({ limit: { usd: 5 } }),
    '"budgets[0].limit.usd": expected text, found 5',
  ],
  [
    'less than nothing',
    budget({ limit: { calls: -1 } }),
    '"budgets[0].limit.calls": expected at least 0, found -1',
  ],
  [
    'a window that is none',
    budget({ window: '1w' }),
    '"budgets[0].window": expected a duration such as "40s", "15m" or "30d", from 1s to 366d, found "1w"',
  ],
  [
    'an answer that would let it pass',
    budget({ onExceed: 'allow' }),
    '"budgets[0].onExceed": expected "deny", "escalate" or "simulate", found "allow"',
  ],
  [
    'a server that nobody has, for its budget would count nothing',
    budget({ servers: ['filse'] }),
    '"budgets[0].servers[0]": expected a key of "mcpServers", found "filse"',
    'did you mean "files"?',
  ],
  [
    'two budgets of one id',
    `{${servers}, "budgets": [${[1, 2].map(() => '{"id": "b", "scope": ["global"], "window": "1h", "limit": {"calls": 1}}').join()}]}`,
    '"budgets[1].id": expected an id of its own, found "b"',
    'raise and journal name budgets by it',
  ],
  [
    'a cost that an untrusted server would report itself',
    gate({ tools: { buy: { cost: { reported: '/cost' } } } }),
    '"mcpServers.files.gate.tools.buy.cost.reported": expected a server that is trusted, found "/cost"',
    'what a server says that it costs counts only with "trusted": true',
  ],
  [
    'the same for all of its tools',
    gate({ cost: { reported: '/cost' } }),
    '"mcpServers.files.gate.cost.reported": expected a server that is trusted, found "/cost"',
    'what a server says that it costs counts only with "trusted": true',
  ],
  [
    'a pointer that is none',
    gate({ tools: { buy: { idempotency: { pointer: 'request_id' } } } }),
    '"mcpServers.files.gate.tools.buy.idempotency.pointer": expected a JSON pointer such as "/request_id", found "request_id"',
  ],
];

it.each(faults)('is refused: %s', (_, text, message, hint) => {
  expect(faultOf(text)).toEqual({ code: 'config_invalid', message, hint });
});

function faultOf(text: string) {
  try {
    load(text);
  } catch (error) {
    if (!(error instanceof GateError)) throw error;
    const message = error.message.replace(/^.*?:\d+:\d+: /, '');
    return { code: error.code, message, hint: error.hint };
  }
  throw new Error('the config was accepted');
}

const priced = `{"idempotency": {"expiresIn": "2h"}, "mcpServers": {"files": {"command": "x", "gate": {
  "trusted": true,
  "cost": {"perCall": "0.5", "perKbIn": "0.000000001", "reported": "/cost"},
  "tools": {
    "free": {"cost": {"perCall": "0"}, "idempotency": {"pointer": "/a~1b", "expiresIn": "1m"}},
    "big": {"cost": {"perKbOut": "2"}, "idempotency": {"pointer": "/id"}}
  }}}}}`;

const ofServer = {
  ...noTariff,
  perCall: 500_000_000n,
  perKbIn: 1n,
  reported: '/cost',
};
const rows: [claim: string, tool: string, settings: object][] = [
  [
    "a tool has its server's tariff",
    'other',
    {
      costPerCallUsd: '0.5',
      tariff: ofServer,
      idempotency: { pointer: undefined, expiresInMs: 7_200_000 },
    },
  ],
  [
    "a tool's own price goes before its server's, the rest stays",
    'free',
    {
      costPerCallUsd: '0',
      tariff: { ...ofServer, perCall: 0n },
      idempotency: { pointer: '/a~1b', expiresInMs: 60_000 },
    },
  ],
  [
    'members add up, and the expiry is that of the file',
    'big',
    {
      costPerCallUsd: '0.5',
      tariff: { ...ofServer, perKbOut: 2_000_000_000n },
      idempotency: { pointer: '/id', expiresInMs: 7_200_000 },
    },
  ],
];

it.each(rows)('%s', (_, tool, settings) => {
  expect(callSettings(load(priced), 'files', tool)).toMatchObject(settings);
});
