import { approvalSummary, summaryLines } from '../../approval/view/present.ts';
import { differing, groupText, type Similar, similarAmong } from '../../approval/view/similar.ts';
import { cut, wrap } from '../../approval/view/wrap.ts';
import { printable } from '../../core/printable.ts';
import type { ApprovalRow } from '../../store/approval-contract.ts';
import type { Reader } from '../../store/contract.ts';

type Summary = ReturnType<typeof approvalSummary>;

/** An agent that asks for a lot must not push the others off the screen. */
const mostShown = 5;
/** Of so many of a group the arguments are read and compared. */
const mostCompared = 20;
const widest = 200;

/** What `approvals list --format json` prints: `group` is the same for what differs in its arguments alone. */
export function listedJson(reader: Reader, rows: readonly ApprovalRow[], nowMs: number) {
  const keys = new Map(
    similarAmong(rows).flatMap(({ key, rows: alike }) => alike.map(({ id }) => [id, key] as const)),
  );
  return rows.map((row) => ({
    ...approvalSummary(reader, row, nowMs),
    group: keys.get(row.id) ?? null,
  }));
}

/** The list with what is alike under one line. */
export function groupedLines(
  reader: Reader,
  rows: readonly ApprovalRow[],
  nowMs: number,
  columns: number,
): readonly string[] {
  return similarAmong(rows).flatMap((group) => {
    const some = group.rows.slice(0, mostCompared);
    const summaries = some.map((row) => approvalSummary(reader, row, nowMs));
    const [only] = summaries;
    if (only !== undefined && group.rows.length === 1) return summaryLines(only, columns);
    return groupLines(group, summaries, columns);
  });
}

/** `summaries` are of the first of the group. */
function groupLines(
  group: Similar,
  summaries: readonly Summary[],
  columns: number,
): readonly string[] {
  const differs = differing(summaries.map((each) => each.arguments));
  const members = summaries
    .slice(0, mostShown)
    .map((each) => memberLine(each, differs, Math.min(columns, widest)));
  const left = group.rows.length - members.length;
  const more = `  (${left} more: mcp-gate approvals list --group ${group.key})`;
  return [...wrap(groupText(group, differs), columns), ...members, ...(left > 0 ? [more] : [])];
}

/** Enough to tell it from the others; what it would run is shown whole by `show` and by the question. */
function memberLine(summary: Summary, differs: readonly string[], columns: number): string {
  const { id, expires_at, arguments: given } = summary;
  const own = differs.flatMap((name) => {
    const value = given !== null && Object.hasOwn(given, name) ? given[name] : undefined;
    return value === undefined ? [] : [`${JSON.stringify(name)}: ${JSON.stringify(value)}`];
  });
  return cut(printable(`  ${id}  until ${expires_at}  ${own.join(', ')}`), columns);
}
