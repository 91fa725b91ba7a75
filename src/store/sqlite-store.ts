import type { Clock } from '../core/clock.ts';
import { GateError } from '../core/errors.ts';
import { Connection, type SyncLevel } from './connection.ts';
import type { Durability, Reader, Store, Tx } from './contract.ts';
import { openDatabase, untilFree } from './database.ts';
import { loadDriver } from './driver.ts';
import { readHead } from './entries.ts';
import { holdIdentity, prepareFolder } from './folder.ts';
import { Housekeeping } from './housekeeping.ts';
import { createReader } from './reader.ts';
import { Transactions } from './transactions.ts';
import { WriteQueue } from './write-queue.ts';

export interface StoreOptions {
  /** The state folder; made when it is missing. */
  readonly dir: string;
  /** `power`: decisions survive a power cut. `process`: they survive the end of the process only. */
  readonly durability: 'power' | 'process';
  readonly clock: Clock;
}

/** Opens the store in a state folder. Waits, blocking, up to two seconds for another process that is making it. */
export function openStore(options: StoreOptions): Store {
  const driver = loadDriver();
  const path = prepareFolder(options.dir);
  const open = () => openDatabase(driver, path);
  const database = untilFree(open, 2_000);
  return createStore(new Connection(database, open, holdIdentity(path)), options);
}

/** The store on a connection, which it closes at its end. */
export function createStore(
  connection: Connection,
  { durability, clock }: Omit<StoreOptions, 'dir'>,
): Store {
  const transactions = new Transactions(connection, clock, () => housekeeping.erased());
  const queue = new WriteQueue(connection, transactions, (level) => housekeeping.committed(level));
  const housekeeping = new Housekeeping(connection, queue, durability === 'power');
  const reader: Reader = createReader(connection, clock, () => readHead(connection));
  let closing: Promise<void> | undefined;

  async function end(): Promise<void> {
    await queue.drained();
    housekeeping.stop();
    await queue.drained();
    housekeeping.checkpoint('TRUNCATE');
    connection.close();
  }

  return {
    ...reader,
    write: <T>(wanted: Durability, work: (tx: Tx) => T) =>
      new Promise<T>((resolve, reject) => {
        if (closing !== undefined) {
          reject(new GateError('store_unavailable', 'store is closed'));
          return;
        }
        const run = (tx: Tx) => {
          const result = work(tx);
          return () => resolve(result);
        };
        queue.push({ level: levelOf(wanted, durability), run, reject });
      }),
    version: () => connection.version(),
    close: () => {
      closing ??= end();
      return closing;
    },
  };
}

function levelOf(wanted: Durability, durability: 'power' | 'process'): SyncLevel {
  return wanted === 'decision' && durability === 'power' ? 'full' : 'normal';
}
