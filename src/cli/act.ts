import type { Io } from './io.ts';

/** Makes an action of what a command does, and keeps the exit code that it resolves with. */
export type Act = <A extends readonly unknown[]>(
  work: (io: Io, ...args: A) => Promise<number>,
) => (...args: A) => Promise<void>;
