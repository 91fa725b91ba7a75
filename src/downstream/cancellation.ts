import { shortened } from '../core/shortened.ts';
import type { IncomingNotification, RequestId } from '../wire/contract.ts';

export interface Cancellation {
  readonly id: RequestId;
  readonly reason: string;
}

/** What a client gives up; undefined when it says something else, or nothing that can be understood. */
export function cancelledBy({ method, params }: IncomingNotification): Cancellation | undefined {
  if (method !== 'notifications/cancelled') return undefined;
  const { requestId, reason } = params ?? {};
  if (typeof requestId !== 'string' && typeof requestId !== 'number') return undefined;
  const said = typeof reason === 'string' ? shortened(reason, 200) : 'cancelled';
  return { id: requestId, reason: said };
}
