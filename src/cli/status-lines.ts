import * as z from 'zod';
import { timestamp } from '../core/clock.ts';
import { printable } from '../core/printable.ts';
import { describeFault } from '../policy/policy-error.ts';
import { freezeLine } from './freeze-words.ts';
import type { Paint } from './io.ts';
import type { GateOverview, Overview } from './overview.ts';

const upstream = z.object({
  server: z.string(),
  state: z.string(),
  transport: z.string().default('stdio'),
  era: z.string().nullish(),
  reason: z.string().nullish(),
  restarts: z.number().default(0),
  tools: z.number().default(0),
  withheld: z.array(z.object({ name: z.string(), reason: z.string() })).default([]),
});

const fault = z
  .object({
    code: z.string().default('error'),
    message: z.string(),
    file: z.string().nullish(),
    row: z.number().nullish(),
    col: z.number().nullish(),
  })
  .transform(({ code, message, file, row, col }) => ({
    code,
    message,
    ...(typeof file === 'string' && { file }),
    ...(typeof row === 'number' && { row }),
    ...(typeof col === 'number' && { col }),
  }));

/** What a gate writes about itself; a newer gate may say more. */
const gateStatus = z.object({
  mode: z.string(),
  environment: z.string(),
  policy: z
    .object({
      id: z.string().nullish(),
      revision: z.string().nullish(),
      digest: z.string().nullish(),
      rejected: z.array(fault).default([]),
    })
    .nullish(),
  upstreams: z.array(upstream).default([]),
  config_faults: z.array(z.string()).default([]),
  since: z.string().nullish(),
  /** How many decisions by outcome did not bind, since the gate started. */
  observed: z.record(z.string(), z.number()).nullish(),
});

type GateStatus = z.infer<typeof gateStatus>;

export function statusLines(overview: Overview, paint: Paint): string[] {
  const { gates, modeOverride, journal } = overview;
  const pending = `${overview.pending} pending`;
  const { grants } = overview;
  const granted = grants === 0 ? '' : `, ${grants} standing ${grants === 1 ? 'grant' : 'grants'}`;
  return [
    ...(gates.length === 0 ? [paint('yellow', 'no gate is running')] : []),
    ...gates.flatMap((gate) => gateLines(gate, paint)),
    ...frozenLines(overview, paint),
    ...(modeOverride === null ? [] : [row('override', `${modeOverride}, by the operator`)]),
    row('approvals', `${overview.pending > 0 ? paint('yellow', pending) : pending}${granted}`),
    ...whoLines(overview.who, paint),
    row('journal', `${journal.size} entries, root ${journal.root}`),
    row('state', overview.stateDir),
  ];
}

function whoLines({ by, approvers, groups, warnings }: Overview['who'], paint: Paint): string[] {
  const within = groups.map(({ group, members }) => `group:${group} (${members.join(', ')})`);
  const credential = `${approvers.length} with a credential: ${[...approvers, ...within].join(', ')}`;
  const said = {
    nobody: paint('red', 'NOBODY: a credential is required, and nobody has one'),
    terminal: paint('yellow', 'ANYBODY at a terminal of this user: nobody has a credential'),
    credential: printable(credential),
  };
  return [
    row('approvers', said[by]),
    ...warnings.map((each) => row('', paint('red', printable(each)))),
  ];
}

// A document that cannot be read stops everything, and names no freeze.
function frozenLines({ frozen, freezes }: Overview, paint: Paint): string[] {
  const lines = freezes.map(freezeLine);
  const all = lines.length > 0 || frozen === null ? lines : [printable(frozen)];
  return all.map((line) => row('frozen', paint('red', line)));
}

function row(label: string, value: string): string {
  return `${label.padEnd(10)}  ${value}`;
}

function gateLines(gate: GateOverview, paint: Paint): string[] {
  const parsed = gateStatus.safeParse(gate.status);
  const silent = gate.isResponding
    ? ''
    : paint('yellow', `  not heard of since ${timestamp(gate.heartbeatMs)}`);
  if (!parsed.success) return [`gate ${gate.pid}  has another version${silent}`];
  const { mode, environment, since, observed, policy, upstreams } = parsed.data;
  const faults = parsed.data.config_faults;
  const head = `gate ${gate.pid}  ${paint('bold', mode)}  ${environment}`;
  return [
    `${printable(head)}${silent}`,
    ...(since == null ? [] : [row('  since', printable(since))]),
    ...observedLines(observed ?? {}),
    ...policyLines(policy ?? undefined, paint),
    ...faults.map((each) => row('  config', paint('red', printable(each)))),
    ...upstreams.flatMap((each) => upstreamLines(each, paint)),
  ];
}

// What would have happened to the calls that went through only because the gate observes.
function observedLines(observed: Readonly<Record<string, number>>): string[] {
  const counts = Object.entries(observed).filter(([, count]) => count > 0);
  if (counts.length === 0) return [];
  const text = counts.map(([outcome, count]) => `${count} ${outcome}`).join(', ');
  return [row('  observed', printable(`${text}, had they been enforced`))];
}

function policyLines(policy: GateStatus['policy'] | undefined, paint: Paint): string[] {
  const none = [row('  policy', paint('red', 'none could be loaded'))];
  if (policy === undefined || policy === null) return none;
  const { id, digest, revision, rejected } = policy;
  const name = digest == null ? none : [row('  policy', version(id, digest, revision))];
  const faults = rejected.map((each) =>
    row('  rejected', paint('red', printable(describeFault(each)))),
  );
  return [...name, ...faults];
}

function version(id: string | null | undefined, digest: string, revision?: string | null): string {
  const parts = [id, digest, revision].filter((part) => typeof part === 'string' && part !== '');
  return printable(parts.join('  '));
}

function upstreamLines(server: z.infer<typeof upstream>, paint: Paint): string[] {
  const { state, tools, reason, restarts, withheld, transport, era } = server;
  const facts = [
    transport === 'stdio' ? undefined : transport,
    era === 'modern' ? era : undefined,
    state === 'ready' ? `${tools} tools` : undefined,
    reason,
    restarts > 0 ? `${restarts} restarts` : undefined,
  ];
  const detail = facts.filter((fact) => typeof fact === 'string').join(', ');
  const shown = paint(state === 'ready' ? 'green' : 'red', state);
  return [
    row(
      `  ${printable(server.server)}`,
      `${shown}${detail === '' ? '' : `  ${printable(detail)}`}`,
    ),
    ...withheld.map((each) =>
      row('', paint('yellow', printable(`withheld "${each.name}": ${each.reason}`))),
    ),
  ];
}
