import { leafHash, rootOfLeaves } from '../../src/journal/merkle.ts';
import type { Store } from '../../src/store/contract.ts';
import { openStore } from '../../src/store/sqlite-store.ts';
import { type Message, messageOf } from './message.ts';

/** One journal entry with its body parsed. */
export interface Entry {
  readonly seq: number;
  readonly kind: string;
  readonly traceId: string | undefined;
  readonly body: Message;
}

/**
 * The whole journal of a state folder, read as an auditor would: every entry is there once, each leaf is the hash of its
 * body, and the root over all of them is the recorded one. Throws at the first thing that is not so.
 */
export async function readJournal(state: string): Promise<readonly Entry[]> {
  const store = openStore({ dir: state, durability: 'power', clock: Date.now });
  try {
    const { size, root, stored } = readAtRest(store);
    if (stored.length !== size)
      throw new Error(`${size} entries in the head, ${stored.length} kept`);
    for (const [at, entry] of stored.entries()) {
      if (entry.seq !== at) throw new Error(`entry ${entry.seq} where ${at} should stand`);
      const leaf = leafHash(entry.body).toString('hex');
      if (leaf !== entry.leaf) throw new Error(`entry ${at} does not hash to its leaf`);
    }
    const recomputed = rootOfLeaves(stored.map(({ body }) => leafHash(body))).toString('hex');
    if (recomputed !== root) throw new Error(`root is ${root}, the bodies give ${recomputed}`);
    return stored.map(({ seq, kind, traceId, body }) => {
      return { seq, kind, traceId, body: messageOf(JSON.parse(body)) };
    });
  } finally {
    await store.close();
  }
}

/** One state of the journal of a gate that may go on writing: nothing came between the head and the entries. */
function readAtRest(store: Store) {
  for (;;) {
    const { size, root } = store.journal.head();
    const stored = store.journal.range(0, size + 1);
    if (store.journal.head().size === size) return { size, root, stored };
  }
}
