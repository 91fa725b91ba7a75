import type { OutgoingHttpHeaders } from 'node:http';
import { addApprover } from '../../src/approval/approvers/approvers.ts';
import type { ApprovalRequest } from '../../src/approval/contract.ts';
import type { HttpSettings } from '../../src/downstream/http/contract.ts';
import { createApprovalPages } from '../../src/web/approval-page.ts';
import { deskScratch } from '../approval/desk-scratch.ts';
import { ask as askFace, type Got, openFace } from '../downstream/http/rig.ts';

export const publicUrl = 'https://gate.example/approvals';

/** The real page over the real HTTP face, on a real store with two approvers, and one call that waits. */
export async function openPage(
  change: Partial<ApprovalRequest> = {},
  settings: Partial<HttpSettings> = {},
) {
  const scratch = deskScratch();
  const { store, clock } = scratch;
  const dana = (await addApprover(scratch.parts, 'dana', { credential: undefined, osUser: 'rita' }))
    .secret;
  const lee = (await addApprover(scratch.parts, 'lee', { credential: dana, osUser: 'rita' }))
    .secret;
  const approval = await scratch.ask(change);
  const refusedFrom: string[] = [];
  const failures: unknown[] = [];
  const pages = createApprovalPages({
    url: publicUrl,
    store,
    clock,
    onRefused: (remote) => refusedFrom.push(remote),
    onFailed: (cause) => failures.push(cause),
  });
  const face = await openFace({ pages, settings });
  const path = `/approvals/${approval.id}`;
  const send = (fields: Fields | string, more: More = {}): Promise<Got> =>
    askFace(face, {
      path: more.path ?? path,
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...more.headers },
      body: typeof fields === 'string' ? fields : new URLSearchParams(fields).toString(),
    });
  const get = (at = path, headers: OutgoingHttpHeaders = {}) =>
    askFace(face, { method: 'GET', path: at, headers });
  /** The forms of a person who looks at the call and then answers. */
  const show = (credential: string) => send({ credential });
  const answer = (credential: string, verdict: string, more: Fields = {}) =>
    send({ credential, verdict, binding: approval.binding, reason: '', ...more });
  return {
    ...{ ...scratch, approval, path, face, dana, lee, refusedFrom, failures },
    ...{ send, get, show, answer },
  };
}

type Fields = Readonly<Record<string, string>>;
interface More {
  readonly path?: string;
  readonly headers?: OutgoingHttpHeaders;
}
