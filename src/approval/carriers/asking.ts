import type { Made } from '../../core/answer.ts';
import type { AskMode, ClientUser, UserQuestion, UserSaid } from '../../core/client-user.ts';
import type { Clock } from '../../core/clock.ts';
import { elicitation, userSaid } from '../../core/elicitation.ts';
import { uuidv7 } from '../../core/ids.ts';
import { Lifetime } from '../../core/lifetime.ts';
import type { Caller } from '../../core/tool-call.ts';
import type { ApprovalRow, ApprovalState } from '../../store/approval-contract.ts';
import type { Store } from '../../store/contract.ts';
import type { ApprovalDesk, ClientWish, Hold, Verdict } from '../contract.ts';
import { latest } from '../edits/versions.ts';
import { withdrawApproval } from '../withdraw.ts';
import { AskedUsers } from './asked-users.ts';
import { isEnough, voteInClient } from './client-vote.ts';
import { type ElicitWishes, elicits } from './elicits.ts';
import { formQuestion, pageQuestion } from './user-question.ts';

interface AskingParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly desk: Pick<ApprovalDesk, 'wait'>;
  /** As they are configured now. */
  readonly page: () => string | undefined;
  readonly wishes: () => ElicitWishes;
  readonly requireCredential: () => boolean;
}

const declined = 'declined in the client that asked for the call';
/** Under which a modern client answers. */
const key = 'approval';

/** An answer that is about to go out, and whose it is. */
interface Outgoing {
  readonly answer: Made;
  readonly caller: Caller;
  readonly approval: ApprovalRow;
  readonly client: ClientWish | undefined;
}

/**
 * Asks the user of a client about a held call, once for each approval and session: to open the page where it is decided, or
 * in a form where policy wishes for that. What the client answers proves nobody. A no takes the question back, which is safe
 * in anybody's name; a yes to a form is put on record and is enough only for rules that say so; anything else, and
 * silence, leaves the call waiting as before. What was asked is remembered by this process alone, and by what a modern
 * client brings along.
 */
export class Asking {
  readonly #parts: AskingParts;
  readonly #users = new AskedUsers();

  constructor(parts: AskingParts) {
    this.#parts = parts;
  }

  /** As the desk's, with the user asked beside it. */
  async wait(approval: ApprovalRow, hold: Hold): Promise<Verdict> {
    const { desk } = this.#parts;
    const { caller, client } = hold;
    if (caller === undefined) return desk.wait(approval, hold);
    const said = this.#saidBy(caller, approval);
    // Whoever declined comes by themselves: a yes that was given meanwhile has not been used for them.
    if (said === 'decline' && (await this.#withdraw(approval, ['pending', 'approved']))) {
      return { kind: 'withdrawn', approval };
    }
    if (said === 'accept') await this.#accepted(caller.rounds?.held?.asked, approval, client);
    const isHeld = hold.budgetMs > 0 && hold.lifetime.ended === undefined;
    const question = isHeld ? this.#questionNow(caller, approval, client) : undefined;
    if (question === undefined || caller.user === undefined) return desk.wait(approval, hold);
    const declined = this.#ask(caller, caller.user, question, approval, client);
    return Promise.race([desk.wait(approval, hold), declined]);
  }

  /** Whether this answer, if it goes out, is to carry a question: then nobody need wait before it does. */
  asksIn(outgoing: Outgoing): boolean {
    return this.#questionIn(outgoing) !== undefined;
  }

  /** The answer of a call that still waits, with the question in it where one is to be asked. */
  inAnswer(outgoing: Outgoing): Made {
    const { answer, caller, approval } = outgoing;
    const { held } = answer;
    if (held === undefined || !isRound(answer)) return answer;
    const before = askedBefore(caller, approval);
    if (before !== undefined) return { ...answer, held: { ...held, asked: before } };
    const question = this.#questionIn(outgoing);
    if (question === undefined) return answer;
    this.#users.remember(caller.session, approval.id);
    const inputRequests = { [key]: { ...elicitation(question) } };
    const asked = question.mode;
    return { ...answer, result: { ...answer.result, inputRequests }, held: { ...held, asked } };
  }

  /** A yes is one to exactly what was shown; a no is one to the call, also where a person has changed its arguments since. */
  #saidBy({ rounds }: Caller, { id, binding }: ApprovalRow): UserSaid | undefined {
    const { held, said = {} } = rounds ?? {};
    if (held?.asked === undefined || !Object.hasOwn(said, key)) return undefined;
    const answer = userSaid(held.asked, said[key]);
    if (held.approvalId === id && held.binding === binding) return answer;
    const { store } = this.#parts;
    const shown = answer === 'decline' ? store.approval(held.approvalId) : undefined;
    return shown?.binding === held.binding && latest(store, shown).id === id ? answer : undefined;
  }

  #questionIn({ answer, caller, approval, client }: Outgoing): UserQuestion | undefined {
    const { rounds } = caller;
    if (!isRound(answer) || rounds === undefined) return undefined;
    if (askedBefore(caller, approval) !== undefined) return undefined;
    return this.#question(caller, rounds.modes, approval, client);
  }

  #questionNow(
    caller: Caller,
    approval: ApprovalRow,
    client: ClientWish | undefined,
  ): UserQuestion | undefined {
    const { user, session } = caller;
    if (user === undefined || user.lifetime.ended !== undefined) return undefined;
    if (this.#users.isBusy(session)) return undefined;
    return this.#question(caller, user.modes, approval, client);
  }

  /** Without a page, or without anybody who could answer on it, there is nowhere to send a user. */
  #question(
    { session }: Caller,
    modes: readonly AskMode[],
    approval: ApprovalRow,
    client: ClientWish | undefined,
  ): UserQuestion | undefined {
    const { store, clock, page, wishes } = this.#parts;
    if (approval.state !== 'pending' || this.#users.wasAsked(session, approval.id))
      return undefined;
    const shows = (mode: AskMode) => elicits(mode, session.client.name, modes, wishes());
    const form =
      client !== undefined && shows('form')
        ? formQuestion(store, approval, isEnough(approval, this.#confirms(client)), clock())
        : undefined;
    const url = page();
    if (form !== undefined || url === undefined || !shows('url')) return form;
    return store.approvers().length > 0 ? pageQuestion(url, approval) : undefined;
  }

  /** Resolves only when the user wants the call no more. The question stands until the approval is decided, whoever waits. */
  #ask(
    { session }: Caller,
    user: ClientUser,
    question: UserQuestion,
    approval: ApprovalRow,
    client: ClientWish | undefined,
  ): Promise<Verdict> {
    const id = uuidv7(this.#parts.clock());
    const lifetime = new Lifetime();
    const answered = this.#users.begin(session, approval.id);
    void this.#decided(approval, user.lifetime).then((verdict) => {
      if (verdict !== 'pending' && question.mode === 'url') user.completed(id);
      lifetime.end('the question is over');
    });
    return new Promise((resolve) => {
      void user.ask(id, question, lifetime).then(async (said) => {
        answered();
        if (said === 'accept') await this.#accepted(question.mode, approval, client);
        if (said !== 'decline' || !(await this.#withdraw(approval))) return;
        resolve({ kind: 'withdrawn', approval });
      });
    });
  }

  async #decided(approval: ApprovalRow, lifetime: Lifetime): Promise<Verdict['kind']> {
    const budgetMs = Math.max(1, approval.expiresMs - this.#parts.clock());
    const hold = { budgetMs, lifetime, progress: undefined };
    return (await this.#parts.desk.wait(approval, hold)).kind;
  }

  /** Who went to a page has only looked. */
  async #accepted(
    asked: AskMode | undefined,
    approval: ApprovalRow,
    client: ClientWish | undefined,
  ): Promise<void> {
    if (asked !== 'form' || client === undefined) return;
    // What could not be put on record was not said: the call waits on.
    await voteInClient(this.#parts, approval, this.#confirms(client)).catch(() => {});
  }

  /** The rules for which a yes in the client is enough as things are configured now, whatever held when it was asked. */
  #confirms({ confirms }: ClientWish): readonly string[] {
    return this.#parts.requireCredential() ? [] : confirms;
  }

  /** True as well when it could not be written: whoever declined is not held any longer, and nothing runs for them. */
  #withdraw(row: ApprovalRow, from: readonly ApprovalState[] = ['pending']): Promise<boolean> {
    const { store, clock } = this.#parts;
    const withdrawal = { by: row.requester, via: 'client', reason: declined } as const;
    return store
      .write('decision', (tx) => withdrawApproval(tx, row.id, withdrawal, clock(), from))
      .catch(() => true);
  }
}

/** A task is asked about by its own requests: what stands beside it is no question of the call. */
function isRound({ held, result }: Made): boolean {
  return held !== undefined && result['resultType'] === 'input_required';
}

/** The state that a client brings along is sealed, so what stands beside it answers what was asked with it. */
function askedBefore({ rounds }: Caller, { id, binding }: ApprovalRow): AskMode | undefined {
  const held = rounds?.held;
  return held?.approvalId === id && held.binding === binding ? held.asked : undefined;
}
