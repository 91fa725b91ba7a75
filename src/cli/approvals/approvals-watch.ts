import { userInfo } from 'node:os';
import { emitKeypressEvents } from 'node:readline';
import { findApproval } from '../../approval/approval-id.ts';
import { resolveApprover } from '../../approval/approvers/identity.ts';
import type { Approver } from '../../approval/approvers/separation.ts';
import { decideApproval } from '../../approval/decide.ts';
import { besideLines } from '../../approval/view/beside.ts';
import { approvalDetail, detailLines } from '../../approval/view/present.ts';
import { watchApprovals } from '../../approval/view/watch.ts';
import { describe, GateError } from '../../core/errors.ts';
import { Lifetime } from '../../core/lifetime.ts';
import type { ApprovalRow } from '../../store/approval-contract.ts';
import type { Store } from '../../store/contract.ts';
import { type Io, painter } from '../io.ts';
import type { StateOptions } from '../options.ts';
import { findPlace, isCredentialRequired, withStore } from '../state.ts';
import { columnsOf } from './approvals-columns.ts';
import { folded } from './approvals-fold.ts';
import {
  asking,
  emptyScreen,
  onKey,
  resized,
  screenLines,
  withPending,
} from './approvals-screen.ts';
import { outcome } from './decide.ts';
import { terminalNotice } from './terminal-notice.ts';

interface WatchOptions extends StateOptions {
  /** False for neither a bell nor a notification. */
  readonly bell: boolean;
}

/** The pending calls on a screen of their own until q; a yes asks on the whole call first. */
export async function watchScreen(io: Io, options: WatchOptions): Promise<number> {
  if (io.stdin.isTTY !== true || io.stdout.isTTY !== true) {
    throw new GateError('usage', 'watching needs a terminal', { hint: 'mcp-gate approvals list' });
  }
  const place = await findPlace(io, options);
  return withStore(place, 'refuse', async (store) => {
    const approver = await resolveApprover(store, {
      env: io.env,
      isTerminal: true,
      osUser: userInfo().username,
      as: undefined,
    });
    const notify = options.bell ? terminalNotice(io, Date.now) : () => {};
    const requireCredential = isCredentialRequired(place, store);
    await watch(io, { store, approver, requireCredential }, notify);
    return 0;
  });
}

/** Who sits at the screen, and by which terms they answer. */
interface Sitting {
  readonly store: Store;
  readonly approver: Approver;
  readonly requireCredential: boolean;
}

async function watch(
  io: Io,
  sitting: Sitting,
  notify: (opened: readonly ApprovalRow[]) => void,
): Promise<void> {
  const { store } = sitting;
  const paint = painter(io, io.stdout);
  const lifetime = new Lifetime();
  let screen = emptyScreen;
  let waiting: readonly ApprovalRow[] | undefined;
  let isFolded = true;
  const list = (pending: readonly ApprovalRow[]) => {
    const { shown, alike } = isFolded
      ? folded(store, pending, Date.now())
      : { shown: pending, alike: undefined };
    screen = withPending(screen, shown, alike);
  };
  const draw = () => {
    const size = { rows: io.stdout.rows, columns: columnsOf(io.stdout) };
    const lines = screenLines(screen, size, paint);
    io.stdout.write(`\x1b[H\x1b[2J${lines.join('\r\n')}\r\n`);
  };
  const decide = async (verdict: 'approve' | 'deny', id: string): Promise<void> => {
    // The question goes first, so that a second y is no second vote.
    screen = { ...screen, question: undefined, message: '' };
    const message = await answer(sitting, verdict, id);
    screen = { ...screen, message };
    draw();
  };
  const press = (name: string): void => {
    const key = onKey(screen, name);
    if (key.kind === 'quit') lifetime.end('q');
    else if (key.kind === 'confirm') void decide('approve', key.id);
    else if (key.kind === 'deny') void decide('deny', key.id);
    else if (key.kind === 'fold') {
      isFolded = !isFolded;
      list(waiting ?? []);
      draw();
    } else {
      screen =
        key.kind === 'show' ? key.screen : asking(screen, wholeCall(io, store, key.id), io.stdout);
      draw();
    }
  };
  const resize = (): void => {
    screen = resized(screen);
    draw();
  };
  const release = takeKeys(io, lifetime, press);
  io.stdout.on('resize', resize);
  try {
    for await (const { pending, opened } of watchApprovals({ store, clock: Date.now, lifetime })) {
      // Whoever starts the watch sees what waits already.
      if (waiting !== undefined) notify(opened);
      waiting = pending;
      list(pending);
      draw();
    }
  } finally {
    io.stdout.off('resize', resize);
    release();
  }
}

function wholeCall(io: Io, store: Store, id: string) {
  const row = findApproval(store, id);
  const columns = columnsOf(io.stdout);
  const detail = approvalDetail(store, row, Date.now());
  const beside = besideLines(store, row, detail, columns);
  return { id, lines: [...detailLines(detail, columns), '', ...beside] };
}

/** The vote, and what it came to; never rejects. */
async function answer(
  { store, approver, requireCredential }: Sitting,
  verdict: 'approve' | 'deny',
  id: string,
): Promise<string> {
  try {
    const request = { id, verdict, approver, reason: undefined, requireCredential };
    return outcome(await decideApproval({ store, clock: Date.now }, request), approver);
  } catch (error) {
    const hint = error instanceof GateError ? error.hint : undefined;
    return hint === undefined ? describe(error) : `${describe(error)} (${hint})`;
  }
}

interface Pressed {
  readonly name?: string;
  readonly ctrl?: boolean;
}

/** Reads single keys; control-C and the end of input end the watch. The returned function gives the terminal back. */
function takeKeys({ stdin, stdout }: Io, lifetime: Lifetime, press: (key: string) => void) {
  const onPress = (_text: string | undefined, { name, ctrl }: Pressed) => {
    if (ctrl === true && (name === 'c' || name === 'd')) lifetime.end('control key');
    else if (ctrl !== true && name !== undefined) press(name);
  };
  const onEnd = () => lifetime.end('end of input');
  emitKeypressEvents(stdin);
  stdin.setRawMode?.(true);
  stdin.on('keypress', onPress).on('end', onEnd);
  stdin.resume();
  stdout.write('\x1b[?1049h');
  return () => {
    stdin.off('keypress', onPress).off('end', onEnd);
    stdin.setRawMode?.(false);
    stdin.pause();
    stdout.write('\x1b[?1049l');
  };
}
