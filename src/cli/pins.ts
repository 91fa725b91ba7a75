import { userInfo } from 'node:os';
import { resolveApprover } from '../approval/approvers/identity.ts';
import { whyNotTerminal } from '../approval/approvers/separation.ts';
import { timestamp } from '../core/clock.ts';
import { GateError } from '../core/errors.ts';
import { printable } from '../core/printable.ts';
import type { PinRow } from '../store/contract.ts';
import { createPinBook } from '../upstream/pins.ts';
import { type Io, isInteractive, type Paint, painter, print, printJson } from './io.ts';
import type { ReadingOptions, StateOptions } from './options.ts';
import { findPlace, isCredentialRequired, requireConfig, withStore } from './state.ts';

export async function listPins(
  io: Io,
  options: ReadingOptions & { readonly changed?: boolean },
): Promise<number> {
  const place = await findPlace(io, options);
  const { gate } = requireConfig(place);
  return withStore(place, 'refuse', async (store) => {
    const rows = store
      .pins(gate)
      .filter((row) => options.changed !== true || row.changedDigest !== undefined);
    if (options.format === 'json') printJson(io, rows.map(pinJson));
    else
      print(
        io,
        rows.flatMap((row) => pinLines(row, painter(io, io.stdout))),
      );
    return 0;
  });
}

/** Accepting a changed tool loosens what policy may have tightened, so it takes what an approval takes. */
export async function acceptPins(
  io: Io,
  server: string,
  tool: string | undefined,
  options: StateOptions,
): Promise<number> {
  const place = await findPlace(io, options);
  const { gate } = requireConfig(place);
  return withStore(place, 'refuse', async (store) => {
    const approver = await resolveApprover(store, {
      env: io.env,
      isTerminal: isInteractive(io),
      osUser: userInfo().username,
      as: undefined,
    });
    const hindrance = whyNotTerminal(store, approver, isCredentialRequired(place, store));
    if (hindrance !== undefined) throw hindrance;
    const accepted = await createPinBook(store, gate, Date.now).accept(server, tool);
    if (accepted.length === 0) {
      const what = tool === undefined ? `server "${server}"` : `tool "${server}/${tool}"`;
      throw new GateError('not_found', `${what} has no changed definition`, {
        hint: 'mcp-gate pins list',
      });
    }
    print(
      io,
      accepted.map((name) => printable(`accepted ${server}/${name}`)),
    );
    return 0;
  });
}

function pinJson({ server, tool, digest, changedDigest, seenMs }: PinRow) {
  return {
    server,
    tool,
    state: changedDigest === undefined ? 'pinned' : 'changed',
    digest,
    changed_digest: changedDigest ?? null,
    seen_at: timestamp(seenMs),
  } as const;
}

function pinLines({ server, tool, digest, changedDigest }: PinRow, paint: Paint): string[] {
  const name = printable(`${server}/${tool}`);
  if (changedDigest === undefined) return [`${name}  ${digest}`];
  return [`${name}  ${digest}`, `  ${paint('red', 'changed to')} ${changedDigest}`];
}
