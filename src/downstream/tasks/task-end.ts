import type { Reply, RpcError } from '../../core/answer.ts';
import type { TaskEnd } from '../../core/held-task.ts';
import { rpcCode } from '../../wire/rpc-error.ts';
import type { TaskRun } from './task-runs.ts';

type End = Omit<TaskEnd, 'endedMs'>;

/** How a task ends whose call was answered: with exactly what the call would have got (SEP-2663, error handling). */
export function endOf(reply: Reply, run: Pick<TaskRun, 'isCancelled' | 'isSent'>): End {
  // A server that was done before it heard of the cancellation has done it all the same.
  if (run.isCancelled && reply.kind !== 'relayed') return cancelled(run.isSent);
  switch (reply.kind) {
    case 'relayed': {
      const { kind, line, value, resultType } = reply.response;
      if (resultType === 'input_required') return failed(noInput);
      const bytes = Buffer.from(line.subarray(...value));
      return {
        status: kind === 'error' ? 'failed' : 'completed',
        message: undefined,
        value: bytes,
      };
    }
    case 'made':
      if (reply.result['resultType'] === 'input_required') return failed(noInput);
      return completed(JSON.stringify(reply.result));
    case 'text':
      return completed(reply.text);
    case 'refused':
      return failed(reply.error);
  }
}

const noInput: RpcError = {
  code: rpcCode.internal,
  message: 'the server asks its client for input, and nobody is asked while a task goes on',
};

function completed(text: string): End {
  return { status: 'completed', message: undefined, value: Buffer.from(text) };
}

function failed(error: RpcError): End {
  return { status: 'failed', message: error.message, value: Buffer.from(JSON.stringify(error)) };
}

function cancelled(isSent: boolean): End {
  const became = isSent ? 'It may have run: do not repeat it before you know.' : 'It did not run.';
  return { status: 'cancelled', message: `Cancelled by its caller. ${became}`, value: undefined };
}
