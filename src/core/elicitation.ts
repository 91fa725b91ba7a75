import type { AskMode, UserQuestion, UserSaid } from './client-user.ts';
import { isObject, type Json, type JsonObject } from './json.ts';

/** What a client declares that its user can be asked; `{}` stands for forms (MCP 2025-11-25 and 2026-07-28, Elicitation). */
export function elicitModes({ elicitation }: JsonObject): readonly AskMode[] {
  if (!isObject(elicitation)) return [];
  const { form, url } = elicitation;
  const modes: AskMode[] = [];
  if (form !== undefined || url === undefined) modes.push('form');
  if (url !== undefined) modes.push('url');
  return modes;
}

export function isAskMode(value: Json | undefined): value is AskMode {
  return value === 'form' || value === 'url';
}

/** The request that puts a question, in words of both eras but for the id of an address, which the legacy era wants. */
export function elicitation(question: UserQuestion): ElicitRequest {
  return { method: 'elicitation/create', params: paramsOf(question) };
}

interface ElicitRequest {
  readonly method: string;
  readonly params: JsonObject;
}

// A form is what is meant where no mode is said: the revisions before 2025-11-25 know no other.
function paramsOf(question: UserQuestion): JsonObject {
  const { mode, message } = question;
  return mode === 'url'
    ? { mode, message, url: question.url }
    : { message, requestedSchema: yesOrNo };
}

// A client that fills in what is left open says no.
const yesOrNo: JsonObject = {
  type: 'object',
  properties: { approve: { type: 'boolean', title: 'Let this call run', default: false } },
  required: ['approve'],
};

/** The answer in a result; undefined for what is none. A form that was sent without a yes in it is a no. */
export function userSaid(mode: AskMode, result: Json | undefined): UserSaid | undefined {
  if (!isObject(result)) return undefined;
  const { action, content } = result;
  if (action !== 'accept') return action === 'decline' || action === 'cancel' ? action : undefined;
  if (mode === 'url') return action;
  return isObject(content) && content['approve'] === true ? action : 'decline';
}
