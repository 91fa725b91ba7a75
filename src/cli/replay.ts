import { join, resolve } from 'node:path';
import { printable } from '../core/printable.ts';
import { type Replay, type ReplayedDecision, replay, type Side } from '../journal/replay.ts';
import type { ActivePolicy } from '../policy/contract.ts';
import { defaultMemoryPages } from '../policy/limits.ts';
import { loadPolicy, readPolicy } from '../policy/load-policy.ts';
import { createPolicyCache } from '../policy/policy-cache.ts';
import { loadStoredPolicy } from '../policy/stored-policy.ts';
import type { Store } from '../store/contract.ts';
import { findTrace } from './find-trace.ts';
import { type Io, type Paint, painter, print, printJson } from './io.ts';
import type { ReadingOptions } from './options.ts';
import { withCompiler } from './policy-folder.ts';
import { findPlace, type Place, withStore } from './state.ts';
import { packageVersion } from './version.ts';

export async function replayTrace(
  io: Io,
  target: string,
  options: ReadingOptions & { readonly policy?: string },
): Promise<number> {
  const place = await findPlace(io, options);
  return withStore(place, 'refuse', async (store) => {
    const meant = exactTarget(store, target);
    const folder = options.policy === undefined ? undefined : resolve(io.cwd, options.policy);
    const instead = folder === undefined ? undefined : await loadFolder(folder, place);
    try {
      const found = await replay({ store, load: loadStoredPolicy, instead }, meant);
      if (options.format === 'json') printJson(io, found);
      else print(io, replayLines(found, painter(io, io.stdout)));
      return found.verdict === 'reproduced' ? 0 : 1;
    } finally {
      await instead?.close();
    }
  });
}

/** A decision is replayed alone; anything else means a trace, by its whole id or a beginning. */
function exactTarget(store: Store, target: string): string {
  if (target === 'last' || store.journal.decision(target) !== undefined) return target;
  return findTrace(store, target);
}

/** The policy of a folder, after every check that it would have to pass before it came into force. */
function loadFolder(folder: string, { config, stateDir }: Place): Promise<ActivePolicy> {
  return withCompiler(async (compiler) => {
    const content = await readPolicy({ kind: 'folder', path: folder });
    const { policy } = await loadPolicy(content, {
      id: 'replay',
      compiler,
      cache: createPolicyCache(join(stateDir, 'cache', 'policy')),
      clock: Date.now,
      gateVersion: packageVersion(),
      memoryPages: config?.policy.memoryPages ?? defaultMemoryPages,
      timeLimitMs: undefined,
    });
    return policy;
  });
}

const colours = { reproduced: 'green', drift: 'red', undecidable: 'yellow' } as const;

function replayLines({ trace_id, verdict, decisions }: Replay, paint: Paint): string[] {
  return [
    `trace ${trace_id}  ${paint(colours[verdict], verdict)}`,
    ...decisions.flatMap((decision) => decisionLines(decision, paint)),
  ];
}

type Edited = NonNullable<ReplayedDecision['edited']>;

function decisionLines(decision: ReplayedDecision, paint: Paint): string[] {
  const { decision_id, verdict, recorded, replayed, reason, edited } = decision;
  const lines = [
    `  ${decision_id}  ${paint(colours[verdict], verdict)}`,
    `    recorded  ${sideText(recorded)}`,
  ];
  if (replayed !== null) lines.push(`    replayed  ${sideText(replayed)}`);
  if (edited !== undefined) lines.push(`    changed   ${editedText(edited)}`);
  if (reason !== null) lines.push(`    ${printable(reason)}`);
  return lines;
}

/** The decision about what the agent had asked with is one of those above, or of an earlier trace. */
function editedText({ by, approval_id, in_place_of }: Edited): string {
  return printable(`by ${by ?? ''} (${approval_id}), in the place of ${in_place_of ?? ''}`);
}

function sideText({ outcome, rules, policy_digest }: Side): string {
  const by = rules.length === 0 ? '' : ` by ${rules.join(', ')}`;
  return printable(`${outcome}${by}  ${policy_digest ?? 'no policy'}`);
}
