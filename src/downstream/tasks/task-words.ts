import { timestamp } from '../../core/clock.ts';
import type { HeldTask } from '../../core/held-task.ts';
import { pollMs } from './task-runs.ts';

/**
 * What both eras say of a task. A client may give a task up once its time is over, so that goes on beyond the approval's:
 * how the wait ended is told, too.
 */
export function toldOf({ id: taskId, createdMs, state }: HeldTask, keptMs: number) {
  const end = state.kind === 'over' ? state.end : undefined;
  const untilMs = (end?.endedMs ?? state.expiresMs) + keptMs;
  const message = state.kind === 'over' ? state.end.message : saidOf(state);
  return {
    taskId,
    status: end?.status ?? ('working' as const),
    ...(message !== undefined && { statusMessage: message }),
    createdAt: timestamp(createdMs),
    lastUpdatedAt: timestamp(end?.endedMs ?? createdMs),
    ttlMs: Math.max(0, untilMs - createdMs),
    pollMs,
  };
}

/** It names no command: the model may read it, and must not learn from us how to answer for its user. */
function saidOf(state: Exclude<HeldTask['state'], { readonly kind: 'over' }>): string {
  switch (state.kind) {
    case 'waiting':
      return `The call waits for a person's approval (${state.approvalId}). It was not executed.`;
    case 'due':
      return 'The call is decided again.';
    case 'sent':
      return 'The call is on its way.';
  }
}
