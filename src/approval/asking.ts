import type { Made } from '../core/answer.ts';
import type { Clock } from '../core/clock.ts';
import { uuidv7 } from '../core/ids.ts';
import { isObject } from '../core/json.ts';
import { Lifetime } from '../core/lifetime.ts';
import type { Caller, Session } from '../core/tool-call.ts';
import type { ApprovalRow, ApprovalState, Store } from '../store/contract.ts';
import { type ElicitWishes, elicits } from './carriers/elicits.ts';
import { pageMessage, pageOf } from './carriers/page-question.ts';
import type { ApprovalDesk, Hold, Verdict } from './contract.ts';
import { withdrawApproval } from './withdraw.ts';

interface AskingParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly desk: Pick<ApprovalDesk, 'wait'>;
  /** As they are configured now. */
  readonly page: () => string | undefined;
  readonly wishes: () => ElicitWishes;
}

/** A session's user is asked about no more calls at once; the rest of the client's attention is for its servers. */
const mostOpen = 10;
const mostRemembered = 1000;
const declined = 'declined in the client that asked for the call';
/** Under which a modern client answers. */
const key = 'approval';

interface Asked {
  /** Approvals that this session's user was asked about, oldest first. */
  readonly ids: Set<string>;
  open: number;
}

/**
 * Points the user of a client to the page where a held call is decided, once for each approval and session. What the client
 * answers decides nothing: yes means that somebody went to look; no takes the question back, which is safe in anybody's
 * name; anything else, and silence, leaves it waiting as before. What was asked is remembered by this process alone, and
 * by what a modern client brings along.
 */
export class Asking {
  readonly #parts: AskingParts;
  readonly #asked = new WeakMap<Session, Asked>();

  constructor(parts: AskingParts) {
    this.#parts = parts;
  }

  /** As the desk's, with the user asked beside it. */
  async wait(approval: ApprovalRow, hold: Hold): Promise<Verdict> {
    const { desk } = this.#parts;
    const { caller } = hold;
    if (caller === undefined) return desk.wait(approval, hold);
    // Whoever declined comes by themselves: a yes that was given meanwhile has not been used for them.
    if (
      hasDeclined(caller, approval) &&
      (await this.#withdraw(approval, ['pending', 'approved']))
    ) {
      return { kind: 'withdrawn', approval };
    }
    if (hold.budgetMs <= 0 || !this.#mayAskNow(caller, approval)) return desk.wait(approval, hold);
    return Promise.race([desk.wait(approval, hold), this.#askNow(caller, approval)]);
  }

  /** Whether this answer, if it goes out, is to carry the question: then nobody need wait before it does. */
  asksIn({ held }: Made, { rounds, session }: Caller, approval: ApprovalRow): boolean {
    if (held === undefined || rounds === undefined || isAsked(rounds.held, approval)) return false;
    return this.#mayAsk(session, rounds.modes, approval);
  }

  /** The answer of a call that still waits, with the question in it where that is to be asked. */
  inAnswer(caller: Caller, approval: ApprovalRow, answer: Made): Made {
    const { held } = answer;
    const url = this.#parts.page();
    if (held === undefined) return answer;
    if (isAsked(caller.rounds?.held, approval))
      return { ...answer, held: { ...held, asked: true } };
    if (url === undefined || !this.asksIn(answer, caller, approval)) return answer;
    this.#remember(caller.session, approval);
    const params = { mode: 'url', message: pageMessage(approval), url: pageOf(url, approval) };
    const inputRequests = { [key]: { method: 'elicitation/create', params } };
    return {
      ...answer,
      result: { ...answer.result, inputRequests },
      held: { ...held, asked: true },
    };
  }

  #mayAskNow({ user, session }: Caller, approval: ApprovalRow): boolean {
    if (user === undefined || user.lifetime.ended !== undefined) return false;
    return this.#mayAsk(session, user.modes, approval) && this.#of(session).open < mostOpen;
  }

  /** Without a page, or without anybody who could answer on it, there is nowhere to send a user. */
  #mayAsk(session: Session, modes: Parameters<typeof elicits>[2], approval: ApprovalRow): boolean {
    const { page, wishes, store } = this.#parts;
    return (
      approval.state === 'pending' &&
      page() !== undefined &&
      elicits('url', session.client.name, modes, wishes()) &&
      !this.#of(session).ids.has(approval.id) &&
      store.approvers().length > 0
    );
  }

  /** Resolves only when the user wants the call no more. The question stands until the approval is decided, whoever waits. */
  #askNow({ user, session }: Caller, approval: ApprovalRow): Promise<Verdict> {
    const url = this.#parts.page();
    return new Promise((resolve) => {
      if (user === undefined || url === undefined) return;
      this.#remember(session, approval);
      const asked = this.#of(session);
      asked.open += 1;
      const lifetime = new Lifetime();
      const id = uuidv7(this.#parts.clock());
      const question = { id, message: pageMessage(approval), url: pageOf(url, approval) };
      void this.#decided(approval, user.lifetime).then((verdict) => {
        asked.open -= 1;
        if (verdict !== 'pending') user.completed(id);
        lifetime.end('the question is over');
      });
      void user.ask(question, lifetime).then(async (said) => {
        if (said !== 'decline' || !(await this.#withdraw(approval))) return;
        resolve({ kind: 'withdrawn', approval });
      });
    });
  }

  async #decided(approval: ApprovalRow, lifetime: Lifetime): Promise<Verdict['kind']> {
    const budgetMs = Math.max(1, approval.expiresMs - this.#parts.clock());
    const verdict = await this.#parts.desk.wait(approval, {
      budgetMs,
      lifetime,
      progress: undefined,
    });
    return verdict.kind;
  }

  /** True as well when it could not be written: whoever declined is not held any longer, and nothing runs for them. */
  #withdraw(row: ApprovalRow, from: readonly ApprovalState[] = ['pending']): Promise<boolean> {
    const { store, clock } = this.#parts;
    const withdrawal = { by: row.requester, via: 'client', reason: declined } as const;
    return store
      .write('decision', (tx) => withdrawApproval(tx, row.id, withdrawal, clock(), from))
      .catch(() => true);
  }

  #of(session: Session): Asked {
    const known = this.#asked.get(session);
    if (known !== undefined) return known;
    const asked: Asked = { ids: new Set(), open: 0 };
    this.#asked.set(session, asked);
    return asked;
  }

  #remember(session: Session, { id }: ApprovalRow): void {
    const { ids } = this.#of(session);
    ids.add(id);
    for (const oldest of ids) {
      if (ids.size <= mostRemembered) return;
      ids.delete(oldest);
    }
  }
}

/** The state that a client brings along is sealed, so what stands beside it answers what was asked with it. */
function isAsked(held: NonNullable<Caller['rounds']>['held'], approval: ApprovalRow): boolean {
  return (
    held?.asked === true && held.approvalId === approval.id && held.binding === approval.binding
  );
}

function hasDeclined({ rounds }: Caller, approval: ApprovalRow): boolean {
  if (rounds === undefined || !isAsked(rounds.held, approval)) return false;
  const said = Object.hasOwn(rounds.said, key) ? rounds.said[key] : undefined;
  return isObject(said) && said['action'] === 'decline';
}
