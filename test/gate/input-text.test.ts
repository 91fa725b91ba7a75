import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { noTariff } from '../../src/core/budget.ts';
import { buildInput, type CallSettings } from '../../src/facts/input.ts';
import { inputTextOf } from '../../src/facts/input-text.ts';
import { callerOf, callOf, openRig } from './rig.ts';

const settings: CallSettings = {
  mode: 'enforce',
  environment: 'test',
  approvalMode: 'auto_execute',
  schema: 'enforce',
  trusted: false,
  costPerCallUsd: null,
  tariff: noTariff,
  idempotency: { pointer: undefined, expiresInMs: 60_000 },
  labels: [],

  workspace: '/ws',
};

const args = fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue());
const model = fc.option(fc.dictionary(fc.constantFrom('provider', 'id', 'x'), fc.string()), {
  nil: undefined,
});
const ids = fc.array(fc.option(fc.string({ unit: 'binary' })), { minLength: 1, maxLength: 4 });

const moment = {
  nowMs: 1,
  round: 1,
  frozen: false,
  paths: [],
  argumentsDigest: 'sha256:0',
  approval: null,
  prior: null,
  settled: [],
  obligationsSupported: [],
  budget: [],
};

test('the text of an input is what JSON.stringify makes of it, however often its parts were seen', () => {
  const rig = openRig();
  onTestFinished(() => rig.close());
  const base = callerOf();
  fc.assert(
    fc.property(args, model, ids, fc.nat(), (given, claim, names, nowMs) => {
      const claims = { model: claim, idempotencyKey: undefined };
      const call = { ...callOf(rig, JSON.parse(JSON.stringify(given))), claims };
      const callers = names.map((id) => ({ ...base, identity: { ...base.identity, id } }));
      for (const caller of [...callers, ...callers]) {
        const input = buildInput(call, rig.tool, caller, settings, { ...moment, nowMs });
        expect(inputTextOf(input)).toBe(JSON.stringify(input));
        expect(input.subject.id).toBe(caller.identity.id);
      }
    }),
  );
});

test('a part that may still change is put into text anew', () => {
  const rig = openRig();
  onTestFinished(() => rig.close());
  const input = buildInput(callOf(rig), rig.tool, callerOf(), settings, moment);
  const before = inputTextOf(input);
  input.context.round = 2;
  expect(inputTextOf(input)).toBe(JSON.stringify(input));
  expect(inputTextOf(input)).not.toBe(before);
});
