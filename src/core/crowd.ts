import { Passing } from './passing.ts';

/** Objects that come and go, as `Passing` has them by a key: whatever enters is to leave. */
export class Crowd<Member extends object> {
  readonly #members = new Passing<number, Member>();
  readonly #numbers = new WeakMap<Member, number>();
  #next = 0;

  get size(): number {
    return this.#members.size;
  }

  enter(member: Member): void {
    if (this.#numbers.has(member)) return;
    this.#numbers.set(member, this.#next);
    this.#members.set(this.#next, member);
    this.#next += 1;
  }

  /** False when it is not there. */
  leave(member: Member): boolean {
    const number = this.#numbers.get(member);
    this.#numbers.delete(member);
    return number !== undefined && this.#members.delete(number);
  }

  /** Those that are there now, in the order in which they came. */
  members(): Member[] {
    return this.#members.values();
  }
}
