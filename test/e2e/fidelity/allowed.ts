import { type Difference, differing, type Message } from '../../harness/message.ts';

/** A difference between a server and the same server behind the gate that is meant, and why. */
export interface Allowed {
  readonly what: string;
  readonly why: string;
  readonly at: RegExp;
  /** What must be so at that place all the same. */
  holds(direct: unknown, gated: unknown): boolean;
}

const isText = (value: unknown): boolean => typeof value === 'string';

/** Everything else that differs is a fault. */
export const allowed: readonly Allowed[] = [
  {
    what: 'the greeting',
    why: 'the gate introduces itself, at once, whichever servers it has',
    at: /^\/greeting\//,
    holds: () => true,
  },
  {
    what: 'the answer to what is about this hop alone',
    why: 'the gate answers a ping itself, and keeps for each client how much of the logs it wants',
    at: /^\/(ping|level)\/(?!result)/,
    holds: (_, gated) => gated === undefined,
  },
  {
    what: 'the acknowledgement of a subscription',
    why: 'one subscription at the gate stands for those at all of its servers',
    at: /^\/acknowledged\/0\/(params\/_meta\/)?(x-unknown|example\.com\/any|x\/s)$/,
    holds: (_, gated) => gated === undefined,
  },
  {
    what: 'how long a resource may be kept, and for whom',
    why: 'every read is decided for its caller, so it is private, and fresh no longer than the gate allows',
    at: /^\/read[^/]*(\/rounds\/\d+)?\/result\/(ttlMs|cacheScope)$/,
    holds: (direct, gated) => gated === 'private' || Number(gated) <= Number(direct),
  },
  {
    what: 'a result that says no type',
    why: '2026-07-28 wants one on every result, and one that says none is complete',
    at: /\/result\/resultType$/,
    holds: (direct, gated) => direct === undefined && gated === 'complete',
  },
  {
    what: 'names in lists',
    why: 'tools and prompts are named after their server, so that adding one never renames another',
    at: /^\/(tools|prompts)\/list( again)?\/items\/\d+\/name$/,
    holds: (direct, gated) => gated === `raw__${String(direct)}`,
  },
  {
    what: 'what a list says beside its items',
    why: 'it is one list of all servers, on one page, filtered for this caller alone',
    at: /^\/[a-z/]+\/list( again)?\/beside\//,
    holds: () => true,
  },
  {
    what: 'ids at the server',
    why: 'many clients share a server, so the gate numbers what it sends itself',
    at: /\/seen\/(id|params\/_meta\/progressToken)$/,
    holds: (direct, gated) => direct !== undefined && typeof gated === 'number',
  },
  {
    what: 'the state of a question',
    why: 'it comes back from the client, so it is sealed on the way',
    at: /\/rounds\/\d+\/result\/requestState$/,
    holds: (direct, gated) => isText(direct) && isText(gated),
  },
];

/** What differs and is not meant; the rows that were of use are added to `used`. */
export function unmeant(direct: Message, gated: Message, used: Set<Allowed>): readonly string[] {
  return differing(direct, gated).flatMap((each) => {
    const row = allowed.find(({ at, holds }) => at.test(each.at) && holds(each.left, each.right));
    if (row === undefined) return [said(each)];
    used.add(row);
    return [];
  });
}

function said({ at, left, right }: Difference): string {
  return `${at}: ${JSON.stringify(left)?.slice(0, 200)} ≠ ${JSON.stringify(right)?.slice(0, 200)}`;
}
