import type { Logger } from 'pino';
import type { Config } from '../config/config.ts';
import { type Control, createControl } from '../control/control-file.ts';
import { InFlightCalls } from '../control/in-flight.ts';
import { type Clock, systemClock } from '../core/clock.ts';
import { uuidv7 } from '../core/ids.ts';
import type { Store } from '../store/contract.ts';
import { openEventually } from '../store/eventual-store.ts';
import { openStore } from '../store/sqlite-store.ts';
import type { DeferredPolicy } from './deferred-policy.ts';
import { followSettings, type LiveSettings, type SettingsChange } from './live-settings.ts';
import { Observed } from './observed.ts';
import { openPolicy } from './open-policy.ts';

/** What every part of one gate process stands on. */
export interface Foundation {
  readonly config: Config;
  readonly store: Store;
  readonly control: Control;
  readonly inFlight: InFlightCalls;
  readonly observed: Observed;
  readonly policy: DeferredPolicy;
  /** The folder or file that the policy is read from. */
  readonly policyPath: string;
  readonly settings: LiveSettings;
  readonly onSettings: (listener: (change: SettingsChange | undefined) => void) => void;
  /** Names this process in the journal. */
  readonly instance: string;
  readonly startedMs: number;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Opens state, operator's document, policy and settings. The composition root closes them. */
export function layFoundation(config: Config, log: Logger): Foundation {
  const clock = systemClock;
  const startedMs = clock();
  const { stateDir: dir, journal } = config;
  const store = openEventually(
    () => openStore({ dir, durability: journal.durability, clock }),
    clock,
  );
  const control = createControl(dir);
  try {
    control.ensure();
  } catch (cause) {
    // A full disk: the document is made at a later start, and calls are refused by the journal meanwhile.
    log.warn({ err: cause }, 'the control file could not be made');
  }
  const listeners: ((change: SettingsChange | undefined) => void)[] = [];
  const settings = followSettings(config, control, (change) => {
    for (const listener of listeners) listener(change);
  });
  const { policy, path: policyPath } = openPolicy(config);
  return {
    config,
    store,
    control,
    inFlight: new InFlightCalls(),
    observed: new Observed(),
    policy,
    policyPath,
    settings,
    onSettings: (listener) => listeners.push(listener),
    instance: uuidv7(startedMs),
    startedMs,
    clock,
    log,
  };
}
