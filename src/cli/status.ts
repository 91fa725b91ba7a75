import { type Io, painter, print, printJson } from './io.ts';
import type { ReadingOptions } from './options.ts';
import { overviewJson, overviewOf } from './overview.ts';
import { findPlace, hasStore, withStore } from './state.ts';
import { statusLines } from './status-lines.ts';

export async function status(io: Io, options: ReadingOptions): Promise<number> {
  const place = await findPlace(io, options);
  const overview = hasStore(place)
    ? await withStore(place, 'refuse', async (store) => overviewOf(place, store, Date.now()))
    : overviewOf(place, undefined, Date.now());
  if (options.format === 'json') printJson(io, overviewJson(overview));
  else print(io, statusLines(overview, painter(io, io.stdout)));
  return 0;
}
