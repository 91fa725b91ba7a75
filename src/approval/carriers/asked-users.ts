import type { Session } from '../../core/tool-call.ts';

/** A session's user is asked about no more calls at once; the rest of the client's attention is for its servers. */
const mostOpen = 10;
const mostRemembered = 1000;

interface Asked {
  /** Approvals that this session's user was asked about, oldest first. */
  readonly ids: Set<string>;
  open: number;
}

/** Which users were asked about what, and how much of it they have not answered; gone with their sessions. */
export class AskedUsers {
  readonly #asked = new WeakMap<Session, Asked>();

  wasAsked(session: Session, approvalId: string): boolean {
    return this.#asked.get(session)?.ids.has(approvalId) ?? false;
  }

  isBusy(session: Session): boolean {
    return (this.#asked.get(session)?.open ?? 0) >= mostOpen;
  }

  remember(session: Session, approvalId: string): void {
    const { ids } = this.#of(session);
    ids.add(approvalId);
    for (const oldest of ids) {
      if (ids.size <= mostRemembered) return;
      ids.delete(oldest);
    }
  }

  /** A question that waits for its answer until the returned function is called, once. */
  begin(session: Session, approvalId: string): () => void {
    this.remember(session, approvalId);
    const asked = this.#of(session);
    asked.open += 1;
    return () => {
      asked.open -= 1;
    };
  }

  #of(session: Session): Asked {
    const known = this.#asked.get(session);
    if (known !== undefined) return known;
    const asked: Asked = { ids: new Set(), open: 0 };
    this.#asked.set(session, asked);
    return asked;
  }
}
