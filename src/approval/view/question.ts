import { printable } from '../../core/printable.ts';
import { type Detail, detailLines } from './present.ts';
import { cut, wrap } from './wrap.ts';

/** Longer calls are shown without their middle: nobody reads them whole, and their author would choose what scrolls away. */
const mostLines = 200;
const headLines = 120;
const tailLines = 80;
const codeCharacters = 6;

/** What `approve` asks in a terminal. */
interface Question {
  /** The call, and last, where the answer is typed, what it is about. */
  readonly lines: readonly string[];
  readonly prompt: string;
  isYes(typed: string): boolean;
}

interface Words {
  readonly asks: string;
  /** Where all of it can be read. */
  readonly whole: string;
}

interface Around {
  /** What a yes would let through beyond this call. */
  readonly grant?: readonly string[];
  /** What is to be known beside it. */
  readonly beside?: readonly string[];
  readonly words?: Words;
}

export function questionOf(
  detail: Detail,
  columns: number,
  { grant = [], beside = [], words = wordsFor(detail, grant) }: Around = {},
): Question {
  const lines = detailLines(detail, columns);
  const about = [...beside, ...aboutLines(detail, columns), ...grant];
  const hidden = lines.length > mostLines ? lines.length - headLines - tailLines : 0;
  if (hidden === 0) {
    return {
      lines: [...lines, '', ...about],
      prompt: `${words.asks} [y/N] `,
      isYes: (typed) => /^y(es)?$/i.test(typed),
    };
  }
  const code = detail.arguments_digest?.slice('sha256:'.length).slice(0, codeCharacters);
  const left = `(${hidden} lines are left out: ${words.whole})`;
  return {
    lines: [...lines.slice(0, headLines), left, ...lines.slice(-tailLines), '', ...about, left],
    prompt: `to approve it, type the first ${codeCharacters} characters behind "sha256:" `,
    isYes: (typed) => code !== undefined && typed.toLowerCase() === code,
  };
}

function wordsFor({ id }: Detail, grant: readonly string[]): Words {
  const asks = grant.length === 0 ? 'approve this call?' : 'approve this call, and grant those?';
  return { asks, whole: `mcp-gate approvals show ${id}` };
}

function aboutLines(detail: Detail, columns: number): readonly string[] {
  const call = printable(`${detail.server}/${detail.tool}`);
  return [
    `call    ${cut(call, Math.max(1, columns - 8))}`,
    ...wrap(`digest  ${detail.arguments_digest ?? '(erased)'}`, columns),
    `id      ${detail.id}`,
  ];
}
