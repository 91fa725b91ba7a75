import { isObject, type Json, type JsonObject } from '../../core/json.ts';
import { isData } from './protocol-words.ts';

export const truncationTag = '[TRUNCATED]';

/** The result with all its texts together no longer than that; the same when they are not. */
export function truncated(result: JsonObject, maxBytes: number): JsonObject {
  const budget: Budget = { left: maxBytes };
  return membersCut(result, budget);
}

/** What the texts before have left. */
interface Budget {
  left: number;
}

function cut(value: Json, budget: Budget): Json {
  if (Array.isArray(value)) {
    const next = value.map((each: Json) => cut(each, budget));
    return next.some((each, index) => each !== value[index]) ? next : value;
  }
  return isObject(value) ? membersCut(value, budget) : value;
}

function membersCut(value: JsonObject, budget: Budget): JsonObject {
  const members = Object.entries(value).map(([name, member]): [string, Json | undefined] => {
    if (member === undefined || isData(name)) return [name, member];
    const isText = (name === 'text' || name === 'message') && typeof member === 'string';
    return [name, isText ? cutText(member, budget) : cut(member, budget)];
  });
  const isSame = members.every(([name, member]) => member === value[name]);
  return isSame ? value : Object.fromEntries(members);
}

function cutText(text: string, budget: Budget): string {
  const length = Buffer.byteLength(text);
  if (length <= budget.left) {
    budget.left -= length;
    return text;
  }
  const room = budget.left - truncationTag.length;
  const shorter = room < 0 ? head(text, budget.left) : head(text, room) + truncationTag;
  // Whatever comes now is cut as well, or the text would seem whole from there on.
  budget.left = 0;
  return shorter;
}

/** As much of the text as fits, without half a character at its end. */
function head(text: string, bytes: number): string {
  const all = Buffer.from(text.slice(0, bytes));
  let end = Math.min(bytes, all.length);
  while (end > 0 && end < all.length && ((all[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return all.toString('utf8', 0, end);
}
