import { describe, expect, it } from 'vitest';
import { createEraVerdicts } from '../../src/upstream/era-verdicts.ts';
import { ask, eraRig, eraServer, greetings, openEraRig, recordedServer } from './era-rig.ts';
import { hello, modernHello, until } from './rig.ts';

const initialize = 'initialize';
const discover = 'server/discover';

describe('what a server speaks', () => {
  const rows = [
    {
      name: 'is the modern era for a modern client when it answers that',
      server: { era: 'modern' },
      hello: modernHello,
      era: 'modern',
      asked: [[discover]],
      verdict: undefined,
    },
    {
      name: 'is the modern era for a modern client of a server that speaks both',
      server: { era: 'dual' },
      hello: modernHello,
      era: 'modern',
      asked: [[discover]],
      verdict: undefined,
    },
    {
      name: 'is the legacy era for a legacy client of a server that speaks both',
      server: { era: 'dual' },
      hello,
      era: 'legacy',
      asked: [[initialize]],
      verdict: undefined,
    },
    {
      name: 'is the legacy era for a legacy client of a legacy server, which is never asked',
      server: { era: 'exits' },
      hello,
      era: 'legacy',
      asked: [[initialize]],
      verdict: undefined,
    },
    {
      name: 'is the modern era for a legacy client whose initialize is answered with an error',
      server: { era: 'modern' },
      hello,
      era: 'modern',
      asked: [[initialize, discover]],
      verdict: 'modern',
    },
    {
      name: 'is the legacy era when it does not know the modern question',
      server: { era: 'legacy' },
      hello: modernHello,
      era: 'legacy',
      asked: [[discover, initialize]],
      verdict: 'legacy',
    },
    {
      name: 'is the legacy era when it agrees to everything, and says nothing of versions',
      server: { era: 'agreeable' },
      hello: modernHello,
      era: 'legacy',
      asked: [[discover, initialize]],
      verdict: 'legacy',
    },
    {
      name: 'is the legacy era when it is silent for too long',
      server: { era: 'mute' },
      probeMs: 200,
      hello: modernHello,
      era: 'legacy',
      asked: [[discover, initialize]],
      verdict: 'legacy',
    },
    {
      name: 'is the modern era when it was only slow to say so',
      server: { era: 'slow' },
      probeMs: 200,
      hello: modernHello,
      era: 'modern',
      asked: [[discover, initialize]],
      verdict: undefined,
    },
    {
      name: 'is the legacy era when another revision of that is all that both know',
      server: { era: 'broad' },
      hello: modernHello,
      era: 'legacy',
      asked: [[discover, initialize]],
      verdict: 'legacy',
    },
    {
      name: 'is the legacy era when the question makes it exit: another process is greeted at once',
      server: { era: 'exits' },
      hello: modernHello,
      era: 'legacy',
      asked: [[discover], [initialize]],
      verdict: 'legacy',
    },
    {
      name: 'is the legacy era when the question makes it hang: another process is greeted at once',
      server: { era: 'stuck' },
      probeMs: 200,
      initTimeoutMs: 1_500,
      hello: modernHello,
      era: 'legacy',
      asked: [[discover], [initialize]],
      verdict: 'legacy',
    },
  ];
  it.each(rows)('$name', async (row) => {
    const server = recordedServer(row.server);
    const eras = createEraVerdicts();
    const spec = { ...server.spec, initTimeoutMs: row.initTimeoutMs ?? 10_000 };
    const limits = { probeMs: row.probeMs ?? 10_000, backoffMs: () => 60_000 };
    const { pool, connection } = await eraRig(spec, { hello: row.hello, eras }, limits);
    expect(connection('s').era).toBe(row.era);
    expect(pool.status()[0]).toMatchObject({
      state: 'ready',
      era: row.era,
      transport: 'stdio',
      restarts: 0,
      tools: 1,
    });
    expect(greetings(server)).toEqual(row.asked);
    expect(eras.of('s')).toBe(row.verdict);
  });

  it('is remembered, so that no other process of the server is asked', async () => {
    const eras = createEraVerdicts();
    const first = recordedServer({ era: 'exits' });
    await eraRig(first.spec, { eras });
    const second = recordedServer({ era: 'exits' });
    const { connection } = await eraRig(second.spec, { eras });
    expect([connection('s').era, greetings(second)]).toEqual(['legacy', [[initialize]]]);
  });

  it('is forgotten when it does not hold any more, and found out again', async () => {
    const eras = createEraVerdicts();
    eras.found('s', 'legacy');
    const server = recordedServer({ era: 'modern' });
    const { pool, connection } = await eraRig(server.spec, { eras });
    await until('session', () => pool.connection('s'));
    expect(connection('s').era).toBe('modern');
    expect(greetings(server)).toEqual([[initialize], [discover]]);
    expect(pool.status()[0]?.restarts).toBe(1);
  });

  it('is not found out by a pool that is closed meanwhile', async () => {
    const eras = createEraVerdicts();
    const server = recordedServer({ era: 'mute' });
    const { pool } = openEraRig(server.spec, { eras });
    await until('question', () => server.record().includes(discover));
    await pool.close();
    expect([pool.status()[0]?.state, eras.of('s')]).toEqual(['stopped', undefined]);
  });
});

it('a server that is lost while its greeting is read is started again', async () => {
  const server = recordedServer({ era: 'floods' });
  const { pool } = await eraRig(server.spec, {}, { faultsPerMinute: 100 });
  await until('another process', () => greetings(server).length > 1);
  expect(pool.status()[0]).toMatchObject({
    tools: 0,
    reason: 'it floods the gate with messages that nobody can use',
  });
});

describe('a server that is said to speak one era', () => {
  it('is asked for nothing else', async () => {
    const server = recordedServer({ era: 'dual' });
    const { connection } = await eraRig({ ...server.spec, protocol: 'modern' }, { hello });
    expect([connection('s').era, greetings(server)]).toEqual(['modern', [[discover]]]);
    const other = recordedServer({ era: 'dual' });
    const { connection: legacy } = await eraRig({ ...other.spec, protocol: 'legacy' });
    expect([legacy('s').era, greetings(other)]).toEqual(['legacy', [[initialize]]]);
  });

  const rows = [
    {
      name: 'legacy, and does not',
      server: { era: 'modern' },
      protocol: 'legacy' as const,
      reason: '"initialize" was answered with an error: this server speaks 2026-07-28',
    },
    {
      name: 'modern, and does not',
      server: { era: 'legacy' },
      protocol: 'modern' as const,
      reason: '"server/discover" was answered with an error: Method not found',
    },
    {
      name: 'modern, and agrees to everything',
      server: { era: 'agreeable' },
      protocol: 'modern' as const,
      reason: 'answered "server/discover" without "supportedVersions"',
    },
    {
      name: 'modern, and is silent',
      server: { era: 'mute' },
      protocol: 'modern' as const,
      initTimeoutMs: 300,
      reason: 'did not answer "server/discover" within 300 ms',
    },
    {
      name: 'modern, and exits when asked',
      server: { era: 'exits' },
      protocol: 'modern' as const,
      reason: 'exited with code 1',
    },
  ];
  it.each(rows)(
    '$name: it has failed',
    async ({ server, protocol, reason, initTimeoutMs = 10_000 }) => {
      const spec = { ...eraServer(server), protocol, initTimeoutMs };
      const { pool } = await eraRig(spec, {}, { backoffMs: () => 60_000 });
      expect(pool.status()[0]).toMatchObject({ state: 'failed', reason, era: undefined });
    },
  );
});

describe('a server that speaks nothing that the gate does', () => {
  const rows = [
    {
      name: 'says which versions it speaks',
      server: { era: 'newer' },
      reason: 'speaks other protocol versions than the gate: "2027-01-01"',
    },
    {
      name: 'says so in its discovery',
      server: { era: 'newest' },
      reason: 'speaks other protocol versions than the gate: "2027-01-01"',
    },
    {
      name: 'says what it needs',
      server: { era: 'needy' },
      reason: '"server/discover" was answered with an error: sampling is needed',
    },
    {
      name: 'says why it opens no session',
      server: { era: 'nothing' },
      reason: '"initialize" was answered with an error: this server speaks 2026-07-28',
    },
  ];
  it.each(rows)('$name', async ({ server, reason }) => {
    for (const client of [{ hello }, { hello: modernHello }]) {
      const { pool } = await eraRig(eraServer(server), client, { backoffMs: () => 60_000 });
      expect(pool.status()[0]).toMatchObject({ state: 'failed', reason });
    }
  });
});

describe('a modern server', () => {
  it('finds in every request who speaks, in the name of the client', async () => {
    const { connection } = await eraRig(eraServer(), { hello });
    const said = await ask(connection('s'), 'seen');
    const envelope = {
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientInfo': hello.clientInfo,
      'io.modelcontextprotocol/clientCapabilities': hello.capabilities,
    };
    const metas = requestsIn(said).map(({ method, params }) => [method, params?._meta]);
    expect(metas.filter(([method]) => method !== 'tools/call' && method !== initialize)).toEqual([
      [discover, envelope],
      ['subscriptions/listen', envelope],
      ['tools/list', envelope],
      ['resources/list', envelope],
      ['resources/templates/list', envelope],
    ]);
  });

  it('has the capabilities that it discovered', async () => {
    const capabilities = { tools: {}, 'x-own': { kept: true } };
    const { connection } = await eraRig(eraServer({ capabilities }));
    expect(connection('s').capabilities).toEqual(capabilities);
  });

  it('is told nothing that only a legacy server knows', async () => {
    const { connection } = await eraRig(eraServer());
    const method = 'notifications/roots/list_changed';
    connection('s').notify({ method, params: undefined, extras: undefined });
    const methods = requestsIn(await ask(connection('s'), 'seen')).map((each) => each.method);
    expect(methods.filter((each) => each.startsWith('notifications/'))).toEqual([]);
  });
});

interface Seen {
  readonly method: string;
  readonly params?: { readonly _meta?: unknown };
}

function requestsIn(said: unknown): readonly Seen[] {
  return JSON.parse(JSON.stringify(said));
}
