import { tariffCost } from '../core/budget.ts';
import type { Json } from '../core/json.ts';
import { valueAt } from '../core/json-pointer.ts';
import { formatUsd, parseMicroUsd } from '../core/money.ts';
import { parseJson } from '../core/parse-json.ts';
import { readStrict } from '../core/strict-json.ts';
import type { Ruling } from './decide.ts';

/** What a call did cost. */
interface CallCost {
  /** Its tariff, or what a trusted server says where that is more; null where nothing has a price. */
  readonly usd: string | null;
  /** What the server says; undefined where it says nothing. */
  readonly reportedMicro: number | undefined;
}

export function costOf(ruling: Ruling, output: Buffer | undefined): CallCost {
  const { bytesIn, tariff } = ruling.spender;
  const reportedMicro = reportedCost(ruling, output);
  const micro = Math.max(tariffCost(tariff, bytesIn, output?.length), reportedMicro ?? 0);
  const isFree = micro === 0 && ruling.settings.costPerCallUsd === null;
  return { usd: isFree ? null : formatUsd(micro), reportedMicro };
}

/** Millionths of a US dollar, as the server says under the pointer of the config. */
function reportedCost({ spender }: Ruling, output: Buffer | undefined): number | undefined {
  const { reported } = spender.tariff;
  if (reported === undefined || output === undefined) return undefined;
  const said = valueAt(parsed(output), reported);
  const isAmount = typeof said === 'number' || typeof said === 'string';
  return isAmount ? parseMicroUsd(String(said), 'up') : undefined;
}

/** Nobody has looked into the bytes so far. A long number elsewhere says nothing against the cost; a member twice does. */
function parsed(output: Buffer): Json {
  const read = readStrict(output);
  if (read.kind === 'value') return read.value;
  return read.kind === 'refused' && read.rule === 'number' ? parseJson(output.toString()) : null;
}
