import type { Decided } from '../approval/decide.ts';
import { type Detail, detailLines } from '../approval/view/present.ts';
import { escaped, page } from './html.ts';

/** Narrow enough for a phone: the lines are broken by us, as in a terminal, and never by the browser. */
const columns = 44;

const credentialField =
  '<label>Your credential, as <code>mcp-gate approvers add</code> printed it (NAME:SECRET)<input type="password" name="credential" required autocomplete="current-password" spellcheck="false"></label>';

/** What everybody gets who has proven nothing: the same for every address, there or not. */
export function formPage(said?: string): string {
  return page([
    '<h1>A call waits for approval</h1>',
    ...saidLine(said),
    '<p>It is shown to approvers only.</p>',
    '<form method="post">',
    credentialField,
    '<button>Show the call</button>',
    '</form>',
  ]);
}

/** The whole call, as `approvals show` has it. Nothing is decided by it; the answer goes with what was shown. */
export function callPage(detail: Detail, approver: string, said?: string): string {
  const lines = detailLines(detail, columns);
  return page([
    '<h1>A call</h1>',
    ...saidLine(said),
    `<pre>${lines.map(escaped).join('\n')}</pre>`,
    ...(detail.state === 'pending' ? questionOf(detail, lines.length, approver) : overLine(detail)),
  ]);
}

function questionOf(detail: Detail, lines: number, approver: string): readonly string[] {
  return [
    `<p>The ${lines} lines above are the whole call <code>${escaped(detail.id)}</code>, digest <code>${escaped(detail.arguments_digest ?? '(erased)')}</code>. An answer is recorded for <b>${escaped(approver)}</b>.</p>`,
    '<form method="post">',
    // The first button is what the enter key presses: it presses nothing.
    '<button disabled hidden></button>',
    `<input type="hidden" name="binding" value="${escaped(detail.binding)}">`,
    '<label>Reason, for the record<input name="reason" maxlength="2000" autocomplete="off"></label>',
    credentialField,
    '<button name="verdict" value="approve">Approve</button>',
    '<button name="verdict" value="deny">Deny</button>',
    '</form>',
  ];
}

function overLine({ state }: Detail): readonly string[] {
  return [`<p class="said">It does not wait any more: it is ${escaped(state)}.</p>`];
}

/** What an answer came to. */
export function decidedPage({ approval, votes, needed }: Decided): string {
  const { id, state } = approval;
  const said =
    state === 'pending'
      ? `Your yes is recorded: ${id} still waits, ${votes} of ${needed}.`
      : `${id} is ${state}.`;
  return page(['<h1>Recorded</h1>', ...saidLine(said), '<p>You can close this page.</p>']);
}

/** An end without a call. */
export function plainPage(said: string): string {
  return page(['<h1>mcp-gate</h1>', ...saidLine(said)]);
}

function saidLine(said: string | undefined): readonly string[] {
  return said === undefined ? [] : [`<p class="said">${escaped(said)}</p>`];
}
