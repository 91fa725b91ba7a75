import { cut } from '../../approval/view/wrap.ts';
import { timestamp } from '../../core/clock.ts';
import { printable } from '../../core/printable.ts';
import type { ApprovalRow } from '../../store/approval-contract.ts';
import type { Paint } from '../io.ts';

/** What stands on the screen of `approvals watch`. */
interface Screen {
  readonly pending: readonly ApprovalRow[];
  /** What stands for more than itself: by the id of the oldest, how many more, and a line about all of them. */
  readonly alike: ReadonlyMap<string, Alike>;
  /** Of the row under the cursor; undefined when nothing waits. */
  readonly selected: string | undefined;
  /** The whole call, while a yes is being asked for. */
  readonly question: { readonly id: string; readonly lines: readonly string[] } | undefined;
  readonly message: string;
}

export interface Alike {
  readonly more: number;
  readonly text: string;
}

export const emptyScreen: Screen = {
  pending: [],
  alike: new Map(),
  selected: undefined,
  question: undefined,
  message: '',
};

type Key =
  | { readonly kind: 'ask' | 'deny' | 'confirm'; readonly id: string }
  | { readonly kind: 'quit' }
  | { readonly kind: 'fold' }
  | { readonly kind: 'show'; readonly screen: Screen };

/** The rows as they are now. The cursor stays on its call; a question about a call that is over is taken back. */
export function withPending(
  screen: Screen,
  pending: readonly ApprovalRow[],
  alike: Screen['alike'] = new Map(),
): Screen {
  const has = (id: string | undefined) => pending.some((row) => row.id === id);
  const { question } = screen;
  const isOver = question !== undefined && !has(question.id);
  return {
    pending,
    alike,
    selected: has(screen.selected) ? screen.selected : pending[0]?.id,
    question: isOver ? undefined : question,
    message: isOver ? `${question.id} does not wait any more` : screen.message,
  };
}

/**
 * The screen with the whole call and the question about it. A call that is longer than the screen is not asked about: its
 * author would choose which part of it scrolls away. Its lines fit the width already.
 */
export function asking(
  screen: Screen,
  question: NonNullable<Screen['question']>,
  { rows = 24 }: { readonly rows?: number },
): Screen {
  if (question.lines.length + 3 <= rows) return { ...screen, question, message: '' };
  return { ...screen, message: `longer than this screen: mcp-gate approve ${question.id}` };
}

/** The terminal has another size now: a question that was laid out for the old one may be torn. */
export function resized(screen: Screen): Screen {
  if (screen.question === undefined) return screen;
  const message = 'the screen has another size now, nothing was decided';
  return { ...screen, question: undefined, message };
}

/** What a key means on this screen. */
export function onKey(screen: Screen, key: string): Key {
  const { question, selected } = screen;
  if (question !== undefined) {
    if (key === 'y') return { kind: 'confirm', id: question.id };
    return show({ ...screen, question: undefined, message: 'nothing was decided' });
  }
  switch (key) {
    case 'q':
      return { kind: 'quit' };
    case 'g':
      return { kind: 'fold' };
    case 'j':
    case 'down':
      return show(moved(screen, 1));
    case 'k':
    case 'up':
      return show(moved(screen, -1));
    case 'a':
      return selected === undefined ? show(screen) : { kind: 'ask', id: selected };
    case 'd':
      return selected === undefined ? show(screen) : { kind: 'deny', id: selected };
    default:
      return show(screen);
  }
}

interface Size {
  readonly columns: number;
  readonly rows?: number | undefined;
}

/** What the list takes beside its rows: the lines above and below it, and the one that the cursor ends on. */
const frameRows = 6;

/** The screen as lines that fit it; a question is never cut. */
export function screenLines(screen: Screen, size: Size, paint: Paint): string[] {
  if (screen.question !== undefined) {
    return [...screen.question.lines, '', 'approve this call? [y/N]'];
  }
  const { columns } = size;
  const { pending } = screen;
  const body =
    pending.length === 0 ? ['nothing waits for a person'] : listLines(screen, size, paint);
  const message = cut(printable(screen.message), columns);
  const keys = cut('j/k move   a approve   d deny   g alike   q end', columns);
  const about = aboutSelected(screen).map((each) => cut(printable(each), columns));
  return [countLine(screen), '', ...body, '', ...about, message, paint('dim', keys)];
}

function countLine({ pending, alike }: Screen): string {
  const more = [...alike.values()].reduce((sum, each) => sum + each.more, 0);
  const all = `${pending.length + more} pending`;
  return more === 0 ? all : `${all}, ${more} of them alike`;
}

function aboutSelected({ alike, selected }: Screen): readonly string[] {
  const found = selected === undefined ? undefined : alike.get(selected);
  return found === undefined ? [] : [found.text];
}

/** The rows around the cursor: an agent that asks for a lot must not push the others off the screen. */
function listLines(screen: Screen, size: Size, paint: Paint): readonly string[] {
  const { pending, selected, alike } = screen;
  const most = Math.max(1, (size.rows ?? 24) - frameRows - aboutSelected(screen).length);
  const line = (row: ApprovalRow) =>
    rowLine(row, alike.get(row.id)?.more, row.id === selected, size.columns, paint);
  if (pending.length <= most) return pending.map(line);
  const count = Math.max(1, most - 2);
  const at = pending.findIndex((row) => row.id === selected);
  const from = Math.max(0, Math.min(pending.length - count, at - Math.floor(count / 2)));
  const below = pending.length - from - count;
  return [
    `  (${from} more above)`,
    ...pending.slice(from, from + count).map(line),
    `  (${below} more below)`,
  ];
}

function rowLine(
  row: ApprovalRow,
  alike: number | undefined,
  isSelected: boolean,
  columns: number,
  paint: Paint,
): string {
  const until = timestamp(row.expiresMs).slice(11, 19);
  const more = alike === undefined ? '' : `  +${alike} alike`;
  const call = `${row.server}/${row.tool}`;
  const text = printable(
    `${row.id}  until ${until}${more}  ${call}  by ${row.requester}  ${row.reason}`,
  );
  const line = cut(`${isSelected ? '>' : ' '} ${text}`, columns);
  return isSelected ? paint('bold', line) : line;
}

function show(screen: Screen): Key {
  return { kind: 'show', screen };
}

function moved(screen: Screen, by: number): Screen {
  const at = screen.pending.findIndex((row) => row.id === screen.selected);
  const next = screen.pending[Math.max(0, Math.min(screen.pending.length - 1, at + by))];
  return { ...screen, selected: next?.id, message: '' };
}
