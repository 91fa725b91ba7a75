// The thread that commits postings under load, on a connection of its own. It takes one batch at a time and says `ready`
// first; `end` closes its connection and lets it go. Whoever started it opened the file before, with the same library.
import { parentPort, workerData } from 'node:worker_threads';
import { Connection } from './connection.ts';
import { openDatabase, untilFree } from './database.ts';
import { loadDriver } from './driver.ts';
import { holdIdentity } from './folder.ts';
import { createWriter } from './writer.ts';

const { path, identity } = Object(workerData);

const driver = loadDriver();
const open = () => openDatabase(driver, path);
const connection = new Connection(untilFree(open, 2_000), open, holdIdentity(path, identity));
const writer = createWriter(connection);

parentPort?.on('message', (message) => {
  if (message === 'end') {
    connection.close();
    parentPort?.close();
  } else {
    parentPort?.postMessage(writer.write(message));
  }
});
parentPort?.postMessage({ kind: 'ready' });
