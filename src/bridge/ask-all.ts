import type { Answer, RpcError } from '../core/answer.ts';
import type { JsonObject } from '../core/json.ts';
import type { Lifetime } from '../core/lifetime.ts';
import type { Related } from '../core/related.ts';
import { rpcCode } from '../wire/rpc-error.ts';
import type { Question } from './input-required.ts';
import { objectIn } from './result-bytes.ts';

export interface Asked {
  readonly server: string;
  readonly questions: readonly Question[];
  /** Absent where nobody takes questions: then none is answered. */
  readonly related: Related | undefined;
  readonly lifetime: Lifetime;
  /** Takes an answer; what it returns ends the asking. */
  take(question: Question, answer: Answer): RpcError | undefined;
}

/**
 * Puts all questions at once; policy decides each. Resolves when all are answered, or as soon as one ends it or the lifetime
 * is over, with the reason: then nobody is asked any longer.
 */
export function askAll(asked: Asked): Promise<RpcError | undefined> {
  const { server, questions, related, lifetime } = asked;
  if (questions.length === 0) return Promise.resolve(undefined);
  if (related === undefined) return Promise.resolve(nobody);
  return new Promise((resolve) => {
    let open = questions.length;
    let isOver = false;
    const finish = (error: RpcError | undefined): void => {
      isOver = true;
      for (const question of questions) question.lifetime.end('the call is over');
      resolve(error);
    };
    const leave = lifetime.onEnd(() => finish(ended(lifetime)));
    for (const question of questions) {
      if (isOver) return;
      const { method, params } = question;
      related.ask(server, { method, params, extras: undefined }, question.lifetime, (answer) => {
        if (isOver) return;
        const error = asked.take(question, answer);
        open -= 1;
        if (error === undefined && open > 0) return;
        leave();
        finish(error);
      });
    }
  });
}

const nobody: RpcError = {
  code: rpcCode.denied,
  message: 'the server asks for input, and there is nobody to give it',
};

function ended(lifetime: Lifetime): RpcError {
  const reason = lifetime.ended ?? '';
  return { code: rpcCode.denied, message: `the server waited for input until the end: ${reason}` };
}

/** What a client answered, or what was answered in its place; undefined when that is no result. */
export function answeredResult(answer: Answer): JsonObject | undefined {
  switch (answer.kind) {
    case 'made':
      return answer.result;
    case 'relayed':
      return answer.response.kind === 'result' ? objectIn(answer.response) : undefined;
    case 'refused':
      return undefined;
  }
}

/** The end of a call whose server asked for what it does not get. */
export function refusedInput({ method }: Question, answer: Answer): RpcError {
  const said = answer.kind === 'refused' ? answer.error.message : 'the client did not give it';
  const data = answer.kind === 'refused' ? answer.error.data : undefined;
  return {
    code: rpcCode.denied,
    message: `the server asked for "${method}": ${said}`,
    ...(data !== undefined && { data }),
  };
}
