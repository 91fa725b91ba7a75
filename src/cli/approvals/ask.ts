import { createInterface } from 'node:readline/promises';
import type { Io } from '../io.ts';

/** What a person types behind a prompt. The end of input, or control-C, is no answer: it comes back empty. */
export async function ask(io: Io, prompt: string): Promise<string> {
  const reader = createInterface({ input: io.stdin, output: io.stderr });
  const closed = new Promise<string>((resolve) => reader.once('close', () => resolve('')));
  try {
    return (await Promise.race([reader.question(prompt), closed])).trim();
  } finally {
    reader.close();
  }
}
