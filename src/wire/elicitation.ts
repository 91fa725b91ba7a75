import type { AskMode, UrlQuestion, UserSaid } from '../core/client-user.ts';
import { isObject, type Json, type JsonObject } from '../core/json.ts';

export const elicitMethod = 'elicitation/create';

/** What a client declares that its user can be asked; `{}` stands for forms (MCP 2025-11-25 and 2026-07-28, Elicitation). */
export function elicitModes({ elicitation }: JsonObject): readonly AskMode[] {
  if (!isObject(elicitation)) return [];
  const { form, url } = elicitation;
  const modes: AskMode[] = [];
  if (form !== undefined || url === undefined) modes.push('form');
  if (url !== undefined) modes.push('url');
  return modes;
}

/** An address to open, in words of both eras but for the id, which is one of the legacy era alone. */
export function urlParams({ message, url }: Pick<UrlQuestion, 'message' | 'url'>): JsonObject {
  return { mode: 'url', message, url };
}

/** The answer in a result; undefined for what is none. */
export function userSaid(result: Json | undefined): UserSaid | undefined {
  const action = isObject(result) ? result['action'] : undefined;
  return action === 'accept' || action === 'decline' || action === 'cancel' ? action : undefined;
}
