import { tariffCost } from '../core/budget.ts';
import { valueAt } from '../core/json-pointer.ts';
import { formatUsd, parseMicroUsd } from '../core/money.ts';
import { readStrict } from '../core/strict-json.ts';
import type { Ruling } from './decide.ts';

/** What a call did cost: its tariff, or what a trusted server says where that is more. Null where nothing has a price. */
export function costOf(ruling: Ruling, output: Buffer | undefined): string | null {
  const { bytesIn, tariff } = ruling.spender;
  const reported = reportedCost(ruling, output) ?? 0;
  const micro = Math.max(tariffCost(tariff, bytesIn, output?.length), reported);
  return micro === 0 && ruling.settings.costPerCallUsd === null ? null : formatUsd(micro);
}

/** Millionths of a US dollar, as the server says under the pointer of the config; undefined where it says nothing. */
export function reportedCost({ spender }: Ruling, output: Buffer | undefined): number | undefined {
  const { reported } = spender.tariff;
  if (reported === undefined || output === undefined) return undefined;
  const read = readStrict(output);
  const said = read.kind === 'value' ? valueAt(read.value, reported) : undefined;
  const isAmount = typeof said === 'number' || typeof said === 'string';
  return isAmount ? parseMicroUsd(String(said), 'up') : undefined;
}
