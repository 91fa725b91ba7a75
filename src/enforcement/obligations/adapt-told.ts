import { isObject, type JsonObject } from '../../core/json.ts';
import type { Said } from '../../core/related.ts';
import type { SendOptions } from '../../core/target.ts';
import { adapt } from './adapt.ts';
import { noObligations } from './draft.ts';
import type { Plan } from './plan.ts';

type Told = Pick<SendOptions, 'onProgress' | 'related'>;

/** What a server tells while it works goes through the same changes as its result; what is to be withheld is not told. */
export function adaptTold(plan: Plan, { onProgress, related }: Told): Told {
  const { marks, withheld } = plan;
  if (marks.length + withheld.length === 0) return { onProgress, related };
  const seen = { ...noObligations, marks, withheld };
  return {
    onProgress:
      onProgress &&
      ((params, extras) => {
        const { progressToken, ...others } = params;
        const told = adapted(seen, { params: others, extras });
        if (told !== undefined) onProgress({ ...told.params, progressToken }, told.extras);
      }),
    related: related && {
      ...related,
      tell: (server, { method, params, extras }) => {
        const told = adapted(seen, { params, extras });
        if (told !== undefined) related.tell(server, { method, ...told });
      },
    },
  };
}

function adapted(plan: Plan, said: Said): Said | undefined {
  const done = adapt(plan, { ...said }, 'error', undefined);
  if (done.kind === 'withheld') return undefined;
  if (done.kind === 'unchanged') return said;
  const { params, extras } = done.value;
  return { params: objectOf(params), extras: objectOf(extras) };
}

function objectOf(value: unknown): JsonObject | undefined {
  return isObject(value) ? value : undefined;
}
