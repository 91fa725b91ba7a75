import fc from 'fast-check';
import { beforeAll, expect, it } from 'vitest';
import type { Answer } from '../../src/core/answer.ts';
import { isObject, type JsonObject } from '../../src/core/json.ts';
import { Lifetime } from '../../src/core/lifetime.ts';
import type { Caller } from '../../src/core/tool-call.ts';
import { resolveCall } from '../../src/downstream/tool-calls.ts';
import { openInline } from '../../src/policy/active-policy.ts';
import { createCompiler } from '../../src/policy/compiler.ts';
import type { ActivePolicy } from '../../src/policy/contract.ts';
import { entrypoints } from '../../src/policy/entrypoints.ts';
import { inputJsonSchema } from '../../src/policy/input-json-schema.ts';
import { compileModule } from '../../src/policy/policy-module.ts';
import { readPolicyFolder } from '../../src/policy/source-files.ts';
import type { ListKind } from '../../src/upstream/contract.ts';
import { emptyState, openStage, type Stage } from '../cases/stage.ts';
import { answered } from './rig.ts';

/** Rules that hide whatever the data say, so that one build serves every run. */
const hiding = `package gate.rules.hiding

call := input.resource.properties

allow contains {"id": "t.allow", "reason": "fine"} if true

hide contains {"id": "t.server", "reason": "hidden"} if call.server in data.hidden.servers

hide contains {"id": "t.name", "reason": "hidden"} if call.tool in data.hidden.names

hide contains {"id": "t.hint", "reason": "hidden"} if {
	some hint in data.hidden.hints
	call.annotations[hint] == true
}

hide contains {"id": "t.subject", "reason": "hidden"} if input.subject.id in data.hidden.subjects

hide contains {"id": "t.pair", "reason": "hidden"} if {
	some pair in data.hidden.pairs
	pair.subject == input.subject.id
	pair.id == input.resource.id
}

hide contains {"id": "t.kind", "reason": "hidden"} if input.resource.type in data.hidden.kinds
`;

const state = emptyState();
let module: WebAssembly.Module;
beforeAll(async () => {
  const compiler = createCompiler();
  const { modules } = (await readPolicyFolder(undefined)).sources;
  const gate = modules['gate.rego'] ?? '';
  const sources = { modules: { 'gate.rego': gate, 'rules/hiding.rego': hiding }, data: {} };
  module = await compileModule(
    (await compiler.build(sources, entrypoints, inputJsonSchema())).wasm,
  );
  await compiler.close();
}, 60_000);

let policies = 0;
function policyHiding(hidden: JsonObject): ActivePolicy {
  policies += 1;
  const engine = { gate: '0', regoc: null, opa_wasm: '0', memory_pages: 256 };
  const version = { id: 'hiding', revision: null, digest: `sha256:${policies}`, engine };
  const dataText = JSON.stringify({ gate: { fallback: 'deny' }, hidden });
  return openInline({ version, module, dataText });
}

const keys = ['one', 'two'];
const names = ['read', 'write', 'constructor', 'toString', 'wr\u00efte'];
const uris = ['notes://a', 'notes://b'];
const subjects = ['alice', 'bob', '__proto__'];
const hints = ['readOnlyHint', 'destructiveHint', 'openWorldHint'];
const some = <T>(of: readonly T[]) => fc.subarray([...of]);

const catalogs = fc.record({
  tools: fc.dictionary(
    fc.constantFrom(...keys),
    fc.dictionary(
      fc.constantFrom(...names),
      fc.record({ annotations: fc.dictionary(fc.constantFrom(...hints), fc.boolean()) }),
    ),
  ),
  uris: some(uris),
  prompts: some(names),
});
const ids = keys.flatMap((key) => [...names, ...uris].map((name) => `${key}/${name}`));
const hidden = fc.record({
  servers: some(keys),
  names: some([...names, ...uris]),
  hints: some(hints),
  // Mostly nobody: whoever may see nothing shows nothing.
  subjects: fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, some(subjects)),
  pairs: fc.array(
    fc.record({ subject: fc.constantFrom(...subjects), id: fc.constantFrom(...ids) }),
    { maxLength: 4 },
  ),
  kinds: fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, some(['tool', 'resource', 'prompt'])),
});
const observing = some(keys);

it('what a list shows can be called, and what it hides is refused as hidden, whatever hides it', async () => {
  const seen = { shown: 0, hidden: 0 };
  const run = async (
    listed: { tools: JsonObject; uris: string[]; prompts: string[] },
    ways: readonly JsonObject[],
    observes: readonly string[],
  ) => {
    let policy = policyHiding({});
    const gates = observes.map((key) => [key, { gate: { mode: 'observe' } }]);
    const servers = Object.fromEntries(keys.map((key) => [key, Object(listed.tools[key])]));
    const config = { mcpServers: Object.fromEntries(gates) };
    const stage = await openStage({ config }, servers, () => policy, state());
    try {
      stage.catalog.setList(
        'one',
        'resources',
        listing(listed.uris.map((uri) => ({ uri, name: uri }))),
      );
      stage.catalog.setList('two', 'prompts', listing(listed.prompts.map((name) => ({ name }))));
      // The gate stays as it is when its policy is replaced: nothing that it remembers may outlive that.
      for (const way of ways) {
        policy = policyHiding(way);
        for (const subject of subjects) {
          for (const kind of ['tools', 'resources', 'prompts'] as const) {
            const { shown, callable, all } = await look(stage, kind, callerOf(subject));
            expect(callable).toEqual(shown);
            seen.shown += shown.length;
            seen.hidden += all - shown.length;
          }
        }
      }
    } finally {
      await stage.close();
    }
  };
  await fc.assert(
    fc.asyncProperty(catalogs, fc.array(hidden, { minLength: 1, maxLength: 2 }), observing, run),
    { numRuns: 40 },
  );
  // It is no agreement about nothing.
  expect(Math.min(seen.shown, seen.hidden)).toBeGreaterThan(100);
}, 60_000);

const listing = (items: readonly JsonObject[]) => ({ items, cut: undefined });

type Kind = Extract<ListKind, 'tools' | 'resources' | 'prompts'>;

const requests: Readonly<Record<Kind, (definition: JsonObject) => [string, JsonObject]>> = {
  tools: ({ name }) => ['tools/call', { name, arguments: {} }],
  resources: ({ uri }) => ['resources/read', { uri }],
  prompts: ({ name }) => ['prompts/get', { name }],
};

/** What one viewer sees of one list, and what of it runs when it is called. */
async function look({ gate, catalog }: Stage, kind: Kind, caller: Caller) {
  const { identity, session } = caller;
  const items = catalog.list(kind);
  const shown = await gate.visibility.filter(kind, items, { identity, client: session.client });
  const nameOf = ({ definition }: { definition: JsonObject }) => requests[kind](definition)[1];
  const callable: JsonObject[] = [];
  for (const item of items) {
    const [method, params] = requests[kind](item.definition);
    const message = { kind: 'request', id: 1, method, params, extras: undefined } as const;
    const resolved = resolveCall(message, catalog, 'legacy');
    if (resolved.kind !== 'call') throw new Error(resolved.error.message);
    const send = () => Promise.resolve(answered({}));
    const answer = await gate.decide(resolved.call, caller, () => ({ send }));
    if (!isRefusedAsHidden(answer)) callable.push(params);
  }
  return { shown: shown.map(nameOf), callable, all: items.length };
}

/** Anything but an answer of the server has to be this very refusal. */
function isRefusedAsHidden(answer: Answer): boolean {
  if (answer.kind === 'relayed') return false;
  const marks = answer.kind === 'made' ? answer.result['_meta'] : answer.error.data;
  const mark = isObject(marks) ? marks['dev.mcp-gate/decision'] : undefined;
  expect(isObject(mark) && mark['rules']).toEqual(['gate.hidden']);
  return true;
}

function callerOf(id: string): Caller {
  const client = { name: 'test', version: '1' };
  const counts = { startedMs: Date.now(), calls: 0, denials: 0, labels: new Set<string>() };
  return {
    session: { id: `session of ${id}`, client, ...counts },
    identity: { type: 'identity', id, source: 'os', verified: true, scope: `os:${id}` },
    lifetime: new Lifetime(),
    progress: undefined,
    relayProgress: undefined,
    related: undefined,
  };
}
