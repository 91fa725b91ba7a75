import type { Bridge, Speaker } from '../../bridge/contract.ts';
import type { Reply } from '../../core/answer.ts';
import type { Held } from '../../core/held.ts';
import type { HeldTask } from '../../core/held-task.ts';
import type { Caller } from '../../core/tool-call.ts';
import { type ServeParts, serveCall } from '../serve.ts';
import { isHeldTask } from './held-task-work.ts';
import type { TaskRun } from './task-runs.ts';

export interface TaskCallParts {
  readonly bridge: Pick<Bridge, 'cross'>;
  readonly serving: ServeParts;
  readonly speaker: Speaker;
  /** Who holds the task, as it is when the task is asked for. */
  readonly caller: Pick<Caller, 'session' | 'identity' | 'related'>;
}

/**
 * The call of a task from its request on, as if it came anew: decided, recorded, and sent if a person's yes lets it. It joins
 * the question that it has waited for.
 */
export async function runTask(
  { bridge, serving, speaker, caller: who }: TaskCallParts,
  task: HeldTask,
  held: Held,
  run: TaskRun,
): Promise<Reply> {
  const { id, params, extras, traceId } = task;
  const request = { kind: 'request', id, method: 'tools/call', params, extras } as const;
  const crossing = bridge.cross(request, speaker, who.identity.scope);
  if ('code' in crossing) return { kind: 'refused', error: crossing };
  const caller: Caller = {
    ...who,
    lifetime: run.lifetime,
    progress: undefined,
    relayProgress: undefined,
    rounds: { held, answersInput: false, modes: [], said: {} },
    asTask: 'running',
  };
  const through: ServeParts['through'] = (_call, _connection, target) => {
    run.sent();
    return target;
  };
  try {
    const reply = await serveCall({ ...serving, through, traceId }, crossing, caller);
    return isHeldTask(reply) ? reply : crossing.reply(reply);
  } finally {
    crossing.end();
  }
}
