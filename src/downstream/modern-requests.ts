import type { Speaker } from '../bridge/contract.ts';
import type { Reply, RpcError } from '../core/answer.ts';
import type { JsonObject } from '../core/json.ts';
import { shortened } from '../core/shortened.ts';
import type { Identity } from '../core/tool-call.ts';
import type { IncomingRequest, RequestId } from '../wire/contract.ts';
import { lookup } from '../wire/methods.ts';
import { rpcCode } from '../wire/rpc-error.ts';
import type { ModernRequests, Outlet } from './contract.ts';
import { discovered, type SelfDescription } from './discovery.ts';
import type { ModernClients } from './modern-clients.ts';
import { type OpenRequest, OpenRequests } from './open-requests.ts';

/** Takes the requests of the modern era of all faces, each to the client whose it is. */
export class ModernFace implements ModernRequests {
  readonly #self: SelfDescription;
  readonly #clients: ModernClients;
  readonly #open = new OpenRequests();
  #isClosed = false;

  constructor(self: SelfDescription, clients: ModernClients) {
    this.#self = self;
    this.#clients = clients;
  }

  request(request: IncomingRequest, speaker: Speaker, identity: Identity, outlet: Outlet): void {
    const { id, method } = request;
    if (this.#isClosed) {
      outlet.refuse(id, stopping);
      return;
    }
    const open = this.#open.begin(id, outlet);
    if ('code' in open) outlet.refuse(id, open);
    else if (method === 'server/discover') answer(open, discovered(this.#self));
    else void this.#serve(request, speaker, identity, open);
  }

  tool(name: string, { hello }: Speaker, identity: Identity): JsonObject | undefined {
    const client = this.#clients.of(hello, identity);
    return 'kind' in client ? undefined : client.tool(name);
  }

  cancel(outlet: Outlet, id: RequestId, reason: string): void {
    this.#open.cancel(outlet, id, reason);
  }

  gone(outlet: Outlet): void {
    this.#open.cancelAll(outlet, 'disconnected');
  }

  /** Nothing starts on anybody's behalf any more; resolves when nothing is in flight. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#clients.endSubscriptions();
    this.#open.cancelAll(undefined, 'disconnected');
    await Promise.all([this.#open.idle(), this.#clients.endTasks()]);
    this.#clients.close();
  }

  // Settles whatever happens: the answer goes back unless the request was cancelled (MCP, cancellation).
  async #serve(
    request: IncomingRequest,
    speaker: Speaker,
    identity: Identity,
    open: OpenRequest,
  ): Promise<void> {
    try {
      answer(open, await this.#replyTo(request, speaker, identity, open));
    } catch {
      answer(open, failed);
    }
  }

  async #replyTo(
    request: IncomingRequest,
    speaker: Speaker,
    identity: Identity,
    open: OpenRequest,
  ): Promise<Reply | undefined> {
    const { method } = request;
    const treatment = lookup('client', 'request', method, 'modern')?.treatment ?? 'refuse';
    if (treatment === 'refuse') return unknownMethod(method);
    const client = this.#clients.of(speaker.hello, identity);
    if ('kind' in client) return client;
    return client.serve(treatment, request, speaker, open);
  }
}

function answer(open: OpenRequest, reply: Reply | undefined): void {
  const { isOver, outlet, id } = open;
  open.end();
  if (!isOver && reply !== undefined) outlet.reply(id, reply);
}

function unknownMethod(method: string): Reply {
  const message = `Method not found: ${shortened(method, 100)}`;
  return { kind: 'refused', error: { code: rpcCode.methodNotFound, message } };
}

const stopping: RpcError = { code: rpcCode.unavailable, message: 'the gate is stopping' };

const failed: Reply = {
  kind: 'refused',
  error: { code: rpcCode.internal, message: 'the gate failed' },
};
