import type { Bridge } from '../bridge/contract.ts';
import type { CallScope } from '../core/call-scope.ts';
import type { Clock } from '../core/clock.ts';
import type { HeldTasks } from '../core/held-task.ts';
import type { Decide } from '../core/target.ts';
import type { ListKind, UpstreamPools } from '../upstream/contract.ts';
import type { Host, LegacyClient, LegacySession } from './contract.ts';
import type { SelfDescription } from './discovery.ts';
import { takesTasks } from './handshake.ts';
import { ListTexts, type Visibility } from './lists.ts';
import { ModernClients } from './modern-clients.ts';
import { ModernFace } from './modern-requests.ts';
import { ResourceHolds } from './resource-holds.ts';
import { ClientSession } from './session.ts';
import { FinishedTasks } from './tasks/finished-tasks.ts';
import type { TaskStock } from './tasks/session-tasks.ts';
import { TaskOwners } from './tasks/task-owners.ts';
import { TaskQuestions } from './tasks/task-questions.ts';
import { TaskRuns } from './tasks/task-runs.ts';

export interface HostParts extends SelfDescription {
  readonly pools: Pick<UpstreamPools, 'join'>;
  readonly bridge: Pick<Bridge, 'cross'>;
  readonly decide: Decide;
  readonly visibility: Visibility;
  readonly clock: Clock;
  /** Why calls of this scope are stopped; undefined when they are not. */
  readonly frozen: (scope: CallScope) => string | undefined;
  /** Where calls wait for a person while their callers hold a task; without it nobody gets one. */
  readonly heldTasks?: HeldTasks;
  /** A modern client that says nothing for so long lets go of its servers, and has them anew when it comes back. */
  readonly clientIdleMs?: number;
}

/** Where clients come and go. */
const defaultIdleMs = 300_000;

/** Opens sessions for any face. Pools and bridge are the caller's, who closes them after the host. */
export function createHost(parts: HostParts): Host {
  return new SharedHost(parts);
}

/** Declared by a client that may be asked at any time, and not only in the answer to its own request. */
const askable = ['sampling', 'elicitation', 'roots'] as const;

/** One for each way to tell of a change. */
const changeable: readonly ListKind[] = ['tools', 'resources', 'prompts'];

class SharedHost implements Host {
  readonly #parts: HostParts;
  readonly #texts: ListTexts;
  readonly #holds = new ResourceHolds();
  readonly #stock: TaskStock | undefined;
  readonly #sessions = new Set<ClientSession>();
  readonly #clients: ModernClients;
  readonly modern: ModernFace;

  constructor(parts: HostParts) {
    this.#parts = parts;
    const { pools, bridge, decide, clock, frozen } = parts;
    this.#texts = new ListTexts(parts.visibility);
    const owners = new TaskOwners();
    const questions = new TaskQuestions(owners);
    const shared = { texts: this.#texts, holds: this.#holds, owners, questions };
    const { clientIdleMs: idleMs = defaultIdleMs, heldTasks: tasks } = parts;
    const held = tasks && { tasks, runs: new TaskRuns(), finished: new FinishedTasks(clock) };
    this.#stock = held;
    this.#clients = new ModernClients(
      { pools, bridge, decide, frozen, held, ...shared },
      { clock, idleMs },
    );
    this.modern = new ModernFace(parts, this.#clients);
  }

  legacy({ hello, identity, outlet, alone }: LegacyClient): LegacySession {
    const { pools, bridge, decide, clock } = this.#parts;
    const isAlone = alone || askable.some((each) => hello.capabilities[each] !== undefined);
    const { scope } = identity;
    const session: ClientSession = new ClientSession({
      join: (events) => pools.join({ hello, scope, alone: isAlone, events }),
      bridge,
      decide,
      texts: this.#texts,
      holds: this.#holds,
      outlet,
      identity,
      hello,
      alone: isAlone,
      nowMs: clock(),
      tasks: takesTasks(hello, this.#parts) ? this.#stock : undefined,
      onClosed: () => this.#sessions.delete(session),
    });
    this.#sessions.add(session);
    return session;
  }

  changed(): void {
    for (const kind of changeable) {
      for (const session of this.#sessions) session.events.onListChanged(kind);
      this.#clients.listChanged(kind);
    }
  }

  async close(): Promise<void> {
    const legacy = [...this.#sessions].map((session) => session.close());
    await Promise.all([...legacy, this.modern.close()]);
  }
}
