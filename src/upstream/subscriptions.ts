import type { Delivery } from '../core/answer.ts';

/** The resources whose changes are to be told in one session. */
export interface Subscriptions {
  /** Never rejects. */
  subscribe(uri: string, wanted: boolean): Promise<Delivery>;
  /** The session is over. */
  close(reason: string): void;
}

const uriCharacters = 8_192;

/** Why there may not be one more; undefined when there may. */
export function subscriptionFault(uri: string, count: number, most: number): string | undefined {
  if (uri.length > uriCharacters) return `the URI is longer than ${uriCharacters} characters`;
  return count >= most ? `news of ${most} resources are subscribed to already` : undefined;
}
