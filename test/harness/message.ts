/** A JSON-RPC message, or any other JSON object, as it came from outside. */
export interface Message {
  readonly [key: string]: unknown;
  readonly id?: unknown;
  readonly method?: unknown;
  readonly params?: unknown;
  readonly error?: unknown;
}

/** Parser: fails on anything but an object. */
export function messageOf(value: unknown): Message {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Error(`expected an object, got ${JSON.stringify(value)?.slice(0, 200)}`);
  }
  return value as Message;
}

/** The value at a dotted path (`result.content.0.text`); undefined when any step is missing. */
export function pick(value: unknown, dotted: string): unknown {
  return dotted.split('.').reduce<unknown>((at, key) => {
    if (typeof at !== 'object' || at === null) return undefined;
    return Object.hasOwn(at, key) ? Reflect.get(at, key) : undefined;
  }, value);
}

/** The text at a dotted path; fails when there is none. */
export function textAt(value: unknown, dotted: string): string {
  const found = pick(value, dotted);
  if (typeof found === 'string') return found;
  throw new Error(`expected text at "${dotted}" of ${JSON.stringify(value)?.slice(0, 800)}`);
}

/** The array at a dotted path; fails when there is none. */
export function listAt(value: unknown, dotted: string): readonly unknown[] {
  const found = dotted === '' ? value : pick(value, dotted);
  if (Array.isArray(found)) return found;
  throw new Error(`expected an array at "${dotted}" of ${JSON.stringify(value)?.slice(0, 800)}`);
}

/** The gate's mark on a result that it made or changed. */
export function decisionOf(answer: Message): Message {
  const meta = messageOf(pick(answer, 'result._meta') ?? {});
  const mark = meta['dev.mcp-gate/decision'];
  if (mark === undefined) {
    throw new Error(`result carries no decision: ${JSON.stringify(answer).slice(0, 800)}`);
  }
  return messageOf(mark);
}

/** A copy without any `dev.mcp-gate/` key at any depth; a `_meta` that held nothing else goes too. */
export function withoutMarks(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutMarks);
  if (typeof value !== 'object' || value === null) return value;
  const kept: [string, unknown][] = [];
  for (const [key, member] of Object.entries(value)) {
    if (key.startsWith('dev.mcp-gate/')) continue;
    const cleaned = withoutMarks(member);
    const emptied =
      key === '_meta' && isEmptyObject(cleaned) && !isEmptyObject(member) && member !== null;
    if (!emptied) kept.push([key, cleaned]);
  }
  return Object.fromEntries(kept);
}

function isEmptyObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}

/** A path at which two JSON values differ, and what each has there. */
export interface Difference {
  readonly at: string;
  readonly left: unknown;
  readonly right: unknown;
}

/** Every path at which two JSON values differ; empty when they are equal to the last member. */
export function differing(left: unknown, right: unknown, at = ''): readonly Difference[] {
  if (Object.is(left, right)) return [];
  const bothObjects =
    typeof left === 'object' && left !== null && typeof right === 'object' && right !== null;
  if (!bothObjects || Array.isArray(left) !== Array.isArray(right)) return [{ at, left, right }];
  const keys = new Set([...Object.keys(left), ...Object.keys(right)]);
  return [...keys].flatMap((key) =>
    differing(Reflect.get(left, key), Reflect.get(right, key), `${at}/${key}`),
  );
}

/** The same as text, with both values. */
export function differences(left: unknown, right: unknown): string[] {
  return differing(left, right).map(
    (each) => `${each.at}: ${shorten(each.left)} ≠ ${shorten(each.right)}`,
  );
}

function shorten(value: unknown): string {
  return JSON.stringify(value)?.slice(0, 120) ?? 'nothing';
}
