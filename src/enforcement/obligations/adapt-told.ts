import type { JsonObject } from '../../core/json.ts';
import type { FarMessage, Related } from '../../core/related.ts';
import type { SendOptions } from '../../core/target.ts';
import { adapt } from './adapt.ts';
import { noObligations } from './draft.ts';
import type { Plan } from './plan.ts';

type Told = Pick<SendOptions, 'onProgress' | 'related'>;

/** What a server tells while it works goes through the same changes as its result; what is to be withheld is not told. */
export function adaptTold(plan: Plan, { onProgress, related }: Told): Told {
  if (plan.marks.length + plan.withheld.length === 0) return { onProgress, related };
  const redacted = (params: JsonObject): JsonObject | undefined => {
    const done = adapt(
      { ...noObligations, marks: plan.marks, withheld: plan.withheld },
      params,
      'error',
      undefined,
    );
    if (done.kind === 'withheld') return undefined;
    return done.kind === 'changed' ? done.value : params;
  };
  return {
    onProgress:
      onProgress &&
      ((params) => {
        const { progressToken, ...others } = params;
        const told = redacted(others);
        if (told !== undefined) onProgress({ ...told, progressToken });
      }),
    related: related && { ...related, tell: telling(related, redacted) },
  };
}

function telling(
  related: Related,
  redacted: (params: JsonObject) => JsonObject | undefined,
): Related['tell'] {
  return (server, notification: FarMessage) => {
    const { params } = notification;
    const told = params === undefined ? undefined : redacted(params);
    if (params === undefined || told !== undefined) {
      related.tell(server, { ...notification, params: told });
    }
  };
}
