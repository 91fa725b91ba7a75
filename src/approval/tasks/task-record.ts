import { digestOf } from '../../core/digest.ts';
import type { Held } from '../../core/held.ts';
import type { TaskEnd } from '../../core/held-task.ts';
import { randomBytes } from '../../core/ids.ts';
import { isObject, type Json, type JsonObject } from '../../core/json.ts';
import { parseJson } from '../../core/parse-json.ts';
import type { Reader, Tx } from '../../store/contract.ts';

/** What does not change of a task. */
export interface Opened {
  readonly scope: string;
  readonly traceId: string;
  readonly params: JsonObject;
  readonly extras: JsonObject | undefined;
  readonly createdMs: number;
  /** The whole record goes then. */
  readonly forgottenMs: number;
}

/** Where a task stands; each is written behind the one before, and the last counts. */
export type Standing =
  | { readonly kind: 'held'; readonly held: Held }
  /** It is being decided again, and may be sent: whoever finds this and has not done it asks the journal. */
  | { readonly kind: 'taken'; readonly held: Held; readonly takenMs: number }
  | {
      readonly kind: 'over';
      /** What it waited for last. */
      readonly held: Held;
      readonly end: Omit<TaskEnd, 'value'>;
      readonly hasValue: boolean;
    };

export interface TaskRecord {
  readonly opened: Opened;
  readonly standing: Standing;
  /** How many standings there are. */
  readonly version: number;
}

const prefix = 'mg-';
const idBytes = 32;
const idLength = prefix.length + Math.ceil((idBytes * 4) / 3);

/** Random and nothing else: it says nothing, and nobody finds one by trying. */
export function newTaskId(): string {
  return prefix + randomBytes(idBytes).toString('base64url');
}

export function isTaskId(id: string): boolean {
  return id.startsWith(prefix) && id.length === idLength;
}

/** A task is asked anew that often at the most: then it is what it was last. */
const versionsLimit = 100;

/** Names the task in the store: who reads there cannot ask for it. */
function keyOf(id: string): string {
  return `task ${digestOf(id)}`;
}

/** Records are appended under the task's key and never changed, so a reader sees one standing or the next. */
export function readTask(reader: Reader, id: string): TaskRecord | undefined {
  const first = reader.payload(keyOf(id));
  const opened = first && openedIn(objectIn(first));
  if (opened === undefined) return undefined;
  let record: TaskRecord | undefined;
  for (let version = 1; version <= versionsLimit; version += 1) {
    const bytes = reader.payload(`${keyOf(id)} ${version}`);
    const standing = bytes && standingIn(objectIn(bytes));
    if (standing === undefined) return record;
    record = { opened, standing, version };
  }
  return record;
}

export function putOpened(tx: Tx, id: string, opened: Opened): void {
  put(tx, keyOf(id), { ...opened, extras: opened.extras ?? null }, opened.forgottenMs);
}

export function putStanding(
  tx: Tx,
  id: string,
  { opened, version }: Pick<TaskRecord, 'opened' | 'version'>,
  standing: Standing,
): void {
  if (version >= versionsLimit) throw new Error('the task has gone on too often');
  const { kind, held } = standing;
  const said: JsonObject = { kind, ...held, ...moreOf(standing) };
  put(tx, `${keyOf(id)} ${version + 1}`, said, opened.forgottenMs);
}

function moreOf(standing: Standing): JsonObject {
  switch (standing.kind) {
    case 'held':
      return {};
    case 'taken':
      return { takenMs: standing.takenMs };
    case 'over': {
      const { end, hasValue } = standing;
      return { ...end, message: end.message ?? null, hasValue };
    }
  }
}

/** What a task has brought is kept for a short time, its end as long as the task. */
export function putValue(tx: Tx, id: string, bytes: Buffer, expiresMs: number): void {
  const salt = randomBytes(32);
  tx.putPayload({ id: `${keyOf(id)} value`, kind: 'result', bytes, salt, expiresMs });
}

export function readValue(reader: Reader, id: string): Buffer | undefined {
  return reader.payload(`${keyOf(id)} value`);
}

function put(tx: Tx, id: string, said: JsonObject, expiresMs: number): void {
  const bytes = Buffer.from(JSON.stringify(said));
  tx.putPayload({ id, kind: 'approval', bytes, salt: randomBytes(32), expiresMs });
}

function objectIn(bytes: Buffer): JsonObject {
  const value: Json = parseJson(bytes.toString('utf8'));
  return isObject(value) ? value : {};
}

function openedIn(said: JsonObject): Opened | undefined {
  const { scope, traceId, params, extras, createdMs, forgottenMs } = said;
  if (typeof scope !== 'string' || typeof traceId !== 'string' || !isObject(params)) {
    return undefined;
  }
  if (typeof createdMs !== 'number' || typeof forgottenMs !== 'number') return undefined;
  const others = isObject(extras) ? extras : undefined;
  return { scope, traceId, params, extras: others, createdMs, forgottenMs };
}

function standingIn(said: JsonObject): Standing | undefined {
  const { kind, approvalId, binding, round } = said;
  if (typeof approvalId !== 'string' || typeof binding !== 'string') return undefined;
  const held = { approvalId, binding, round: Number(round) };
  if (kind === 'held') return { kind, held };
  const { takenMs } = said;
  if (kind === 'taken') return { kind, held, takenMs: Number(takenMs) };
  const { status, message, endedMs, hasValue } = said;
  if (!isStatus(status) || typeof endedMs !== 'number') return undefined;
  const text = typeof message === 'string' ? message : undefined;
  const end = { status, message: text, endedMs };
  return { kind: 'over', held, end, hasValue: hasValue === true };
}

function isStatus(value: Json | undefined): value is TaskEnd['status'] {
  return value === 'completed' || value === 'failed' || value === 'cancelled';
}
