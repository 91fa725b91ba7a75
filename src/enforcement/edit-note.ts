import type { Answer, RawResponse } from '../core/answer.ts';
import { isObject, type Json, type JsonObject } from '../core/json.ts';
import { parseJson } from '../core/parse-json.ts';
import { withValue } from '../core/raw-value.ts';
import { type Members, scanObject } from '../core/scan.ts';
import { readStrict } from '../core/strict-json.ts';
import type { Ruling } from './decide.ts';
import { decisionKey, decisionMeta, markedError, markedResult, refOf } from './denial.ts';

/** What the agent is told beside the result of a call that a person has changed: never how, and never by whom. */
const note =
  'A person changed the arguments of this call before it ran. This is the result of the changed call.';

const noteText = JSON.stringify({ type: 'text', text: note });

/**
 * An answer to a changed call that says so: in `_meta`, and in a block of text behind the others where a result has such
 * blocks. Of what the server wrote no byte changes, and its structured content stays what its schema says.
 */
export function withNote(ruling: Ruling, answer: Answer): Answer {
  if (ruling.standing.edited === undefined) return answer;
  switch (answer.kind) {
    case 'relayed':
      return relayedWithNote(ruling, answer);
    case 'made':
      return { ...answer, result: noted(answer.result) };
    case 'refused':
      // Its data says it already.
      return answer;
  }
}

/** A result as it is kept for whoever asks again, with the block of text. */
export function bytesWithNote(bytes: Buffer): Buffer {
  const members = scanObject(bytes)?.members;
  if (members !== undefined) return withBlock(bytes, members);
  const value = objectIn(bytes);
  return value === undefined ? bytes : Buffer.from(JSON.stringify(noted(value)));
}

type Relayed = Extract<Answer, { kind: 'relayed' }>;

function relayedWithNote(ruling: Ruling, answer: Relayed): Answer {
  const { response, ...others } = answer;
  const bytes = response.line.subarray(...response.value);
  const ref = refOf(ruling);
  if (response.kind === 'error') return markedErrorOf(ruling, answer, bytes);
  const members = scanObject(bytes)?.members;
  if (members !== undefined) {
    const mark = `${JSON.stringify(decisionKey)}:${JSON.stringify(decisionMeta(ref))}`;
    return { ...others, response: replaced(response, withBlock(withMark(bytes, members, mark))) };
  }
  // A name in it is spelled with escapes or stands there twice: the client gets the one reading that was looked at.
  const value = objectIn(bytes);
  if (value === undefined) return answer;
  const { later } = others;
  const result = markedResult(noted(value), ref);
  return { kind: 'made', result, ...(later !== undefined && { later }) };
}

function markedErrorOf(ruling: Ruling, answer: Relayed, bytes: Buffer): Answer {
  const read = readStrict(bytes);
  if (read.kind !== 'value' || !isObject(read.value)) return answer;
  return { kind: 'refused', error: markedError(read.value, refOf(ruling)) };
}

/** Undefined for what is none, and for what is no JSON: it ran, and goes back as it is. */
function objectIn(bytes: Buffer): JsonObject | undefined {
  if (readStrict(bytes).kind === 'broken') return undefined;
  const value: Json = parseJson(bytes.toString());
  return isObject(value) ? value : undefined;
}

function replaced(response: RawResponse, bytes: Buffer): RawResponse {
  return withValue(response, [bytes], response.resultType);
}

function noted(result: JsonObject): JsonObject {
  const { content } = result;
  if (!Array.isArray(content)) return result;
  return { ...result, content: [...content, { type: 'text', text: note }] };
}

function withBlock(bytes: Buffer, members = scanObject(bytes)?.members): Buffer {
  const span = members?.get('content');
  if (span === undefined || bytes[span[0]] !== openBracket) return bytes;
  const [start, end] = span;
  return spliced(bytes, end - 1, isBlank(bytes, start + 1, end - 1) ? noteText : `,${noteText}`);
}

function withMark(bytes: Buffer, members: Members, mark: string): Buffer {
  const meta = members.get('_meta');
  if (meta === undefined) {
    return spliced(bytes, 1, `"_meta":{${mark}}${members.size === 0 ? '' : ','}`);
  }
  const [start, end] = meta;
  if (bytes[start] !== openBrace) {
    return Buffer.concat([bytes.subarray(0, start), Buffer.from(`{${mark}}`), bytes.subarray(end)]);
  }
  return spliced(bytes, start + 1, isBlank(bytes, start + 1, end - 1) ? mark : `${mark},`);
}

const openBracket = 0x5b;
const openBrace = 0x7b;

function isBlank(bytes: Buffer, start: number, end: number): boolean {
  return bytes.subarray(start, end).every((byte) => byte <= 0x20);
}

function spliced(bytes: Buffer, at: number, text: string): Buffer {
  return Buffer.concat([bytes.subarray(0, at), Buffer.from(text), bytes.subarray(at)]);
}
