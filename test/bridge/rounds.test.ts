import { describe, expect, it } from 'vitest';
import type { Crossing, Speaker } from '../../src/bridge/contract.ts';
import type { JsonObject } from '../../src/core/json.ts';
import type { IncomingRequest } from '../../src/wire/contract.ts';
import {
  again,
  call,
  carry,
  createRig,
  done,
  envelope,
  form,
  legacySpeaker,
  modernCall,
  modernSpeaker,
  type Rig,
  resultIn,
  ScriptedConnection,
  shown,
} from './rig.ts';

const held = { approvalId: 'ap_1', binding: 'sha256:b', round: 3 } as const;

function cross(
  { bridge }: Rig,
  params: JsonObject = modernCall,
  speaker: Speaker = modernSpeaker,
  method = 'tools/call',
): Crossing {
  const request: IncomingRequest = { kind: 'request', id: 1, method, params, extras: undefined };
  const crossing = bridge.cross(request, speaker, 'os:ada');
  if ('code' in crossing) throw new Error(crossing.message);
  return crossing;
}

describe('a request that may be answered with "come again"', () => {
  it.each([
    ['tools/call', true],
    ['prompts/get', true],
    ['resources/read', true],
    ['resources/subscribe', false],
    ['completion/complete', false],
  ])('%s: %s', (method, may) => {
    const { rounds } = cross(createRig(), { _meta: envelope }, modernSpeaker, method);
    const first = { held: undefined, answersInput: true, modes: ['form'], said: {} };
    expect(rounds).toEqual(may ? first : undefined);
  });

  it('is none of the legacy era', () => {
    expect(cross(createRig(), call, legacySpeaker).rounds).toBeUndefined();
  });

  it.each([
    ['elicitation', true],
    ['sampling', true],
    ['roots', true],
    ['extensions', false],
  ])('says whether its client can be asked: %s: %s', (capability, answersInput) => {
    const hello = { ...modernSpeaker.hello, capabilities: { [capability]: {} } };
    const { rounds } = cross(createRig(), modernCall, { ...modernSpeaker, hello });
    const modes = capability === 'elicitation' ? ['form'] : [];
    expect(rounds).toEqual({ held: undefined, answersInput, modes, said: {} });
  });

  it('brings along what its client answers to the gate, and that its user was asked', () => {
    const rig = createRig();
    const first = cross(rig);
    const result = { resultType: 'input_required', inputRequests: {} };
    const asked = { ...held, asked: 'url' } as const;
    const got = shown(first.reply({ kind: 'made', result, held: asked }));
    const said = { approval: { action: 'accept' } };
    const retried = cross(rig, again(got, said));
    expect(retried.rounds).toMatchObject({ held: asked, said });
    expect(retried.request.params).toEqual(modernCall);
  });

  it('brings along what it was told to, and the server sees none of it', async () => {
    const rig = createRig();
    const first = cross(rig);
    const result = { resultType: 'input_required' };
    const got = shown(first.reply({ kind: 'made', result, held }));
    expect(Object.keys(resultIn(got)).toSorted()).toEqual(['requestState', 'resultType']);
    const retried = cross(rig, again(got, {}));
    expect(retried.rounds).toMatchObject({ held });
    expect(retried.request.params).toEqual(modernCall);
  });

  it.each(['modern', 'legacy'] as const)(
    'is none that goes on with a server of the %s era: that has a state of its own',
    async (era) => {
      const rig = createRig();
      const server = new ScriptedConnection(era, async (received) => {
        if (era === 'legacy') await received.ask('elicitation/create', form);
        else if (received.params['requestState'] === undefined) {
          const inputRequests = { q: { method: 'elicitation/create', params: form } };
          received.result({ resultType: 'input_required', inputRequests, requestState: 's' });
        } else received.result(done);
      });
      const got = await carry(rig, server, modernCall);
      const retried = cross(rig, again(got, { q: { action: 'cancel' } }));
      expect(retried.rounds).toBeUndefined();
      retried.end();
    },
  );
});
