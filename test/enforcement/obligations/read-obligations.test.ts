import { describe, expect, it } from 'vitest';
import type { Plan } from '../../../src/enforcement/obligations/plan.ts';
import {
  obligationsSupported,
  readObligations,
} from '../../../src/enforcement/obligations/read-obligations.ts';

type Raw = Parameters<typeof readObligations>[0];

function planOf(raw: Raw): Plan {
  const plan = readObligations(raw);
  if (plan.kind === 'fault') throw new Error(plan.reason);
  return plan;
}

describe('obligations that can be performed', () => {
  it('are these', () => {
    expect(obligationsSupported).toEqual([
      'idempotent',
      'limit',
      'notify',
      'redact',
      'replace',
      'truncate',
      'withhold',
    ]);
  });

  it('count together, the strictest of each', () => {
    const plan = planOf([
      { type: 'redact', classes: ['pci', 'pci.pan'], pointers: ['/structuredContent/a~1b/*'] },
      { type: 'redact', patterns: ['PRJ-[0-9]+'], pointers: ['/structuredContent/a~1b/*'] },
      { type: 'truncate', max_bytes: 100 },
      { type: 'truncate', max_bytes: 50 },
      { type: 'limit', timeout_ms: 2000, max_result_bytes: 10 },
      { type: 'limit', timeout_ms: 1000 },
      { type: 'replace', pointer: '/structuredContent/x', value: { b: 1, a: [null] } },
      { type: 'replace', pointer: '/structuredContent/x', value: { a: [null], b: 1 } },
      { type: 'withhold', classes: ['secret'] },
      { type: 'notify', channel: 'log' },
      { type: 'notify', channel: 'log' },
    ]);
    expect(plan.marks.map(({ tag, isClass }) => [tag, isClass])).toEqual([
      ['[REDACTED:pci.pan]', true],
      ['[REDACTED:PRJ-[0-9]+]', false],
    ]);
    expect(plan.pointers).toEqual([
      { text: '/structuredContent/a~1b/*', segments: ['structuredContent', 'a/b', '*'] },
    ]);
    expect(plan.maxTextBytes).toBe(50);
    expect(plan.limit).toEqual({ timeoutMs: 1000, maxResultBytes: 10 });
    expect(plan.replacements.map(({ pointer }) => pointer.text)).toEqual(['/structuredContent/x']);
    expect(plan.withheld.length).toBe(9);
    expect(plan.notify).toEqual(['log']);
  });

  it('may be none', () => {
    expect(planOf([])).toMatchObject({ kind: 'plan', marks: [], pointers: [], notify: [] });
  });
});

describe('obligations that cannot be performed', () => {
  it.each<[claim: string, raw: Raw[number], reason: string]>([
    ['an unknown type', { type: 'shred' }, 'obligation "shred": not supported'],
    [
      'a name that objects have',
      { type: 'constructor' },
      'obligation "constructor": not supported',
    ],
    ['nothing to redact', { type: 'redact' }, 'expected "pointers", "classes" or "patterns"'],
    ['an empty list', { type: 'redact', classes: [] }, '"classes"'],
    ['an unknown member', { type: 'redact', classes: ['pci'], colour: 'red' }, 'colour'],
    [
      'an unknown class',
      { type: 'redact', classes: ['phi.npi'] },
      'nothing here detects data of class "phi.npi"',
    ],
    [
      'an unknown class to withhold',
      { type: 'withhold', classes: ['org.x'] },
      'nothing here detects',
    ],
    ['no pointer', { type: 'redact', pointers: ['structuredContent'] }, 'is no pointer'],
    ['the whole result', { type: 'redact', pointers: [''] }, 'is no pointer'],
    ['a wrong escape', { type: 'replace', pointer: '/a~2', value: 1 }, 'is no pointer'],
    ['a pattern of another syntax', { type: 'redact', patterns: ['a(?=b)'] }, 'pattern "a(?=b)"'],
    [
      'too many patterns',
      { type: 'redact', patterns: Array.from({ length: 51 }, (_, n) => `a${n}`) },
      '"patterns"',
    ],
    ['a pattern that is no text', { type: 'redact', patterns: [7] }, '"patterns.0"'],
    ['a negative size', { type: 'truncate', max_bytes: -1 }, '"max_bytes"'],
    ['half a byte', { type: 'truncate', max_bytes: 1.5 }, '"max_bytes"'],
    ['a limit of nothing', { type: 'limit' }, 'expected "timeout_ms" or "max_result_bytes"'],
    ['no time at all', { type: 'limit', timeout_ms: 0 }, '"timeout_ms"'],
    ['a replacement without value', { type: 'replace', pointer: '/a' }, '"value"'],
    ['a channel that there is not', { type: 'notify', channel: 'mail' }, '"channel"'],
  ])('%s', (_claim, raw, reason) => {
    const fault = readObligations([{ type: 'notify', channel: 'log' }, raw]);
    expect(fault).toMatchObject({ kind: 'fault', reason: expect.stringContaining(reason) });
  });

  it('two values for one place', () => {
    const at = (value: number) => ({ type: 'replace', pointer: '/content', value });
    expect(readObligations([at(1), at(2)])).toMatchObject({
      reason: 'obligation "replace": "/content" is to become two different values',
    });
  });

  it('more patterns than can be looked for, in several obligations', () => {
    const redact = (from: number) => ({
      type: 'redact',
      patterns: Array.from({ length: 30 }, (_, at) => `p${from + at}`),
    });
    expect(readObligations([redact(0), redact(30)])).toMatchObject({
      reason: 'obligation "redact": more than 50 patterns',
    });
  });
});
