import type { Clock } from '../core/clock.ts';
import { GateError } from '../core/errors.ts';
import { Connection, type SyncLevel } from './connection.ts';
import type { Durability, Reader, Store } from './contract.ts';
import { openDatabase, untilFree } from './database.ts';
import { loadDriver } from './driver.ts';
import { readHead } from './entries.ts';
import { holdIdentity, identityOf, prepareFolder } from './folder.ts';
import { Housekeeping } from './housekeeping.ts';
import { postingText } from './posting-text.ts';
import { createReader } from './reader.ts';
import { ThreadLane } from './thread-lane.ts';
import { type StoreTx, Transactions } from './transactions.ts';
import { type QueuedWork, WriteQueue } from './write-queue.ts';
import { WriterThread } from './writer-thread.ts';

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
  const identity = identityOf(path);
  const connection = new Connection(database, open, holdIdentity(path, identity));
  return createStore(connection, options, new WriterThread({ path, identity }));
}

/** The store on a connection and with a thread, if it is to have one; it closes both at its end. */
export function createStore(
  connection: Connection,
  { durability, clock }: Omit<StoreOptions, 'dir'>,
  thread?: WriterThread,
): Store {
  const transactions = new Transactions(connection, clock, () => housekeeping.erased());
  const lane = thread === undefined ? undefined : new ThreadLane(thread, connection);
  const queue = new WriteQueue(connection, transactions, lane, (level) =>
    housekeeping.committed(level),
  );
  const housekeeping = new Housekeeping(connection, queue, durability === 'power');
  const reader: Reader = createReader(connection, clock, () => readHead(connection));
  let closing: Promise<void> | undefined;

  async function end(): Promise<void> {
    await queue.drained();
    housekeeping.stop();
    await queue.drained();
    await thread?.end();
    housekeeping.checkpoint('TRUNCATE');
    connection.close();
  }

  function push(work: QueuedWork): void {
    if (closing === undefined) queue.push(work);
    else work.reject(new GateError('store_unavailable', 'store is closed'));
  }

  return {
    ...reader,
    write: (wanted, work) =>
      new Promise((resolve, reject) => {
        const run = (tx: StoreTx) => {
          const result = work(tx);
          return () => resolve(result);
        };
        push({ level: levelOf(wanted, durability), run, reject });
      }),
    post: (wanted, given) =>
      new Promise((resolve, reject) => {
        const posting = postingText(given);
        const run = (tx: StoreTx) => {
          tx.postText(posting);
          return resolve;
        };
        const posted = { posting, resolve, reject };
        push({ level: levelOf(wanted, durability), run, reject, posted });
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
