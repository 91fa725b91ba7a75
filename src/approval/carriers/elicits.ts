import type { AskMode } from '../../core/client-user.ts';
import { knownClient, longestMatch } from './known-clients.ts';

/** `approvals.elicit` of the configuration: beginnings of client names, and `default`. */
export type ElicitWishes = ReadonlyMap<string, readonly AskMode[]>;

/**
 * Whether the user of this client is asked in this way. It must declare it; then what the configuration says of it wins over
 * the table, and `default` is for clients of whom that says nothing.
 */
export function elicits(
  mode: AskMode,
  clientName: string,
  declared: readonly AskMode[],
  configured: ElicitWishes,
): boolean {
  if (!declared.includes(mode)) return false;
  const rows = [...configured]
    .filter(([name]) => name !== 'default')
    .map(([name, modes]) => ({ name, modes }));
  const wanted =
    longestMatch(clientName, rows)?.modes ??
    knownClient(clientName)?.elicits ??
    configured.get('default');
  return wanted?.includes(mode) ?? true;
}
