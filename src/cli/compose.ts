import { keepResult, takeKept } from '../approval/kept-result.ts';
import { noticeOf } from '../approval/notices/notice.ts';
import { Notifier } from '../approval/notices/notifier.ts';
import { createSpending } from '../control/budgets.ts';
import { createClaims } from '../control/idempotency.ts';
import { untilOver } from '../control/joining.ts';
import type { Decide } from '../core/target.ts';
import { createVisibility } from '../enforcement/visibility.ts';
import { createGate, type GateParts } from '../gate.ts';
import { journalName } from '../journal/entries.ts';
import { createRecorder, type Recorder } from '../journal/recorder.ts';
import type { Foundation } from './foundation.ts';
import { pathRoots } from './live-settings.ts';
import { notifyLog } from './notify-log.ts';
import { waitingOf } from './waiting.ts';

/** The gate of one process and what its lists show, put together. The caller closes recorder and notifier. */
export function composeGate(on: Foundation) {
  const { policy, clock, settings } = on;
  const recorder = createRecorder(on.store, on.instance, clock);
  const visibility = createVisibility({
    policy,
    clock,
    settings: (server, tool) => settings.of(server, tool),
    settingsRevision: () => settings.revision(),
  });
  const notifier = new Notifier({
    webhooks: () => settings.config().approvals.notify,
    clock,
    warn: (about) => on.log.warn(about, 'a notice of a call that waits was not taken'),
  });
  const gate = createGate(partsOf(on, recorder, notifier, visibility));
  // The first calls may come before the first policy is compiled.
  const decide: Decide = (...call) =>
    policy.isReady() ? gate(...call) : policy.ready.then(() => gate(...call));
  return { recorder, notifier, decide, visibility };
}

function partsOf(
  on: Foundation,
  recorder: Recorder,
  notifier: Notifier,
  visibility: ReturnType<typeof createVisibility>,
): GateParts {
  const { store, clock, settings, control } = on;
  const spending = createSpending(on.config.gate, () => settings.config().budgets);
  const claims = createClaims(on.instance);
  const approvals = () => settings.config().approvals;
  return {
    policy: on.policy,
    clock,
    frozen: (scope) => control.frozen(scope),
    inFlight: on.inFlight,
    roots: pathRoots(on.config, on.policyPath),
    instance: on.instance,
    gateKey: on.config.gate,
    recorder,
    kept: { keep: keepResult, take: takeKept },
    spending,
    claims,
    budgets: (call, nowMs) => (spending.counts(call) ? spending.facts(store, call, nowMs) : []),
    isVisible: (call, caller, { mode }) => mode === 'observe' || visibility.shows(call, caller),
    joinedUntilOver: (key, { lifetime }) =>
      untilOver({ store, claims, clock }, key, lifetime, approvals().hold.defaultMs),
    onAsked: ({ call }, approval) => notifier.tell(noticeOf(approval, journalName(call))),
    onDecided: (ruling) => {
      on.observed.count(ruling);
      notifyLog(on.log, ruling);
    },
    retentionMs: () => {
      const { capture, retentionMs } = settings.config().journal;
      return capture === 'none' ? undefined : retentionMs;
    },
    warn: (message, cause) => on.log.warn({ err: cause }, message),
    settings: (call) => settings.of(call.server, call.name),
    ...waitingOf(on),
  };
}
