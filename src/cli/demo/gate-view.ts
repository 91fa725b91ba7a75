import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import { parseJson } from '../../core/parse-json.ts';
import { type Finished, runCommand, type Surroundings } from './command.ts';
import { mismatch } from './expect.ts';

/** What mcp-gate's own commands say about the running gate; each runs in a process of its own. */
export interface GateView {
  run(args: readonly string[], extra?: Readonly<Record<string, string>>): Promise<Finished>;
  /** The recorded decisions of some traces, oldest first. */
  decisions(...traceIds: readonly string[]): Promise<readonly RecordedDecision[]>;
  /** Waits until one call waits for a person, and gives the id of its approval. */
  pendingApproval(): Promise<string>;
  /** Waits until `status` fits. */
  untilStatus(what: string, fits: (status: Status) => boolean): Promise<Status>;
  until(what: string, fits: () => Promise<boolean>): Promise<void>;
}

const decision = z.object({
  trace_id: z.string(),
  outcome: z.string(),
  enforced: z.boolean(),
  server: z.string(),
  tool: z.string(),
  rules: z.array(z.object({ id: z.string() })),
  approval_id: z.string().nullish(),
});

type RecordedDecision = z.infer<typeof decision>;

const approvals = z.array(z.object({ id: z.string() }));

const status = z.object({
  mode: z.string().nullable(),
  policy: z.object({ digest: z.string().nullable() }).nullable(),
});

type Status = z.infer<typeof status>;

const patienceMs = 60_000;
/** Looking costs more than waiting: every look is a process of its own. */
const pauseMs = 200;

export function createGateView(around: Surroundings): GateView {
  const read = async (...args: readonly string[]): Promise<unknown> => {
    const { code, stdout, stderr } = await runCommand(around, [...args, '--format', 'json']);
    if (code !== 0) throw mismatch(`mcp-gate ${args.join(' ')}`, 'exit 0', stderr.trim());
    return parseJson(stdout);
  };
  const until = async (what: string, fits: () => Promise<boolean>): Promise<void> => {
    const deadline = Date.now() + patienceMs;
    while (!(await fits())) {
      if (Date.now() > deadline) throw mismatch(what, 'within a minute', 'not yet');
      await sleep(pauseMs, undefined, { signal: around.signal });
    }
  };
  return {
    run: (args, extra) => runCommand(around, args, extra),
    decisions: async (...traceIds) =>
      z
        .array(decision)
        .parse(await read('trace'))
        .filter((each) => traceIds.includes(each.trace_id)),
    pendingApproval: async () => {
      let id = '';
      await until('a call that waits for a person', async () => {
        const [first] = approvals.parse(await read('approvals', 'list'));
        id = first?.id ?? '';
        return first !== undefined;
      });
      return id;
    },
    untilStatus: async (what, fits) => {
      let found: Status = { mode: null, policy: null };
      await until(what, async () => {
        found = status.parse(await read('status'));
        return fits(found);
      });
      return found;
    },
    until,
  };
}
