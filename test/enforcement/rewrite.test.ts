import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Json, JsonObject } from '../../src/core/json.ts';
import type { ToolCall } from '../../src/core/tool-call.ts';
import { type Order, rewrite } from '../../src/enforcement/rewrite.ts';
import { callOf } from './rig.ts';

function rewritten(call: ToolCall, order: Order): ToolCall {
  const answer = rewrite(call, order);
  if (answer.kind === 'fault') throw new Error(answer.reason);
  expect(answer.changed).toBe(answer.call !== call);
  return answer.call;
}

describe('a merge patch', () => {
  // The table of RFC 7396, appendix A, as far as both sides are objects.
  it.each<[target: JsonObject, patch: JsonObject, result: JsonObject]>([
    [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
    [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
    [{ a: 'b' }, { a: null }, {}],
    [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
    [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
    [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
    [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
    [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
    [{ a: 1 }, {}, { a: 1 }],
    [{ toString: 1 }, { constructor: { a: 1 } }, { toString: 1, constructor: { a: 1 } }],
  ])('of %j by %j is %j', (target, patch, result) => {
    const call = rewritten(callOf(target), { patch });
    expect(call.arguments).toEqual(result);
    expect(call.argumentsText).toBe(JSON.stringify(call.arguments));
    expect(call.request.argumentsText).toBe(call.argumentsText);
  });

  it('applied again changes nothing', () => {
    const plain: fc.Arbitrary<JsonObject> = fc.dictionary(
      fc.string(),
      fc.jsonValue({ depthSize: 'small' }),
    );
    void fc.assert(
      fc.property(plain, plain, (target, patch) => {
        const first = rewrite(callOf(target), { patch });
        if (first.kind === 'fault') return;
        expect(rewrite(first.call, { patch })).toMatchObject({ kind: 'call', changed: false });
      }),
    );
  });
});

describe('a rewritten call', () => {
  it('is the old one with other arguments', () => {
    const call = callOf({ path: '/a', force: true });
    const next = rewritten(call, { arguments: { path: '/b' } });
    expect(next).toEqual({
      ...call,
      arguments: { path: '/b' },
      argumentsText: '{"path":"/b"}',
      request: { ...call.request, argumentsText: '{"path":"/b"}' },
    });
  });

  it.each<[wanted: string, server: string, name: string, pin: string]>([
    ['trash', 'files', 'trash', 'sha256:trash'],
    ['bin/trash', 'bin', 'trash', 'sha256:bin'],
    ['files/trash', 'files', 'trash', 'sha256:trash'],
    ['a/b', 'files', 'a/b', 'sha256:slash'],
    ['files/a/b', 'files', 'a/b', 'sha256:slash'],
  ])('goes to the tool %j', (tool, server, name, pin) => {
    const next = rewritten(callOf({ path: '/a' }), { tool, patch: { soft: true } });
    expect(next).toMatchObject({ server, name, arguments: { path: '/a', soft: true } });
    expect(next.request.fields).toEqual({ name, other: [1] });
    expect(next.request.meta).toEqual({ 'x/y': 1 });
    expect(next.request.extras).toEqual({ extra: true });
    expect(next.tool()?.pin).toBe(pin);
  });

  it('has no arguments where the old one had none', () => {
    const bare = callOf({});
    const call = { ...bare, request: { ...bare.request, argumentsText: undefined } };
    expect(rewritten(call, { tool: 'trash' }).request.argumentsText).toBeUndefined();
    expect(rewritten(call, { tool: 'trash', patch: { a: 1 } }).request.argumentsText).toBe(
      '{"a":1}',
    );
  });
});

describe('nothing is changed', () => {
  it.each<[claim: string, order: Order]>([
    ['by an empty order', {}],
    ['by the same arguments in another order', { arguments: { b: 2, a: 1.0 } }],
    ['by a patch of what is so already', { patch: { a: 1, c: null } }],
    ['by the same tool', { tool: 'delete' }],
    ['by the same tool of the same server', { tool: 'files/delete', arguments: { a: 1, b: 2 } }],
  ])('%s', (_claim, order) => {
    const call = callOf({ a: 1, b: 2 });
    expect(rewrite(call, order)).toEqual({ kind: 'call', call, changed: false });
  });
});

describe('a call cannot be rewritten', () => {
  const deep = (): Json => Array.from({ length: 200 }).reduce<Json>((inner) => [inner], 1);
  it.each<[claim: string, order: Order, reason: RegExp]>([
    ['to a tool that there is not', { tool: 'shred' }, /no tool "shred"/],
    ['to a tool of another server by its bare name', { tool: 'bin' }, /no tool "bin"/],
    ['to nothing', { tool: '' }, /no tool ""/],
    ['to what objects have', { tool: '__proto__' }, /no tool/],
    ['by arguments and a patch', { arguments: {}, patch: {} }, /at once/],
    ['with __proto__', { patch: JSON.parse('{"__proto__":{"x":1}}') }, /__proto__/],
    [
      'with __proto__ deep inside',
      { arguments: JSON.parse('{"a":[{"__proto__":1}]}') },
      /__proto__/,
    ],
    ['with half a character', { patch: { a: '\ud800' } }, /surrogate/],
    ['with what nests too deep', { arguments: { a: deep() } }, /deeper than 128/],
  ])('%s', (_claim, order, reason) => {
    const answer = rewrite(callOf({ a: 1 }), order);
    expect(answer.kind === 'fault' ? answer.reason : 'none').toMatch(reason);
    expect(Object.keys(Object.prototype)).toEqual([]);
  });

  it('when it is no tool call', () => {
    const call = callOf({}, { action: 'resources/read' });
    expect(rewrite(call, { patch: { a: 1 } })).toMatchObject({ kind: 'fault' });
  });
});
