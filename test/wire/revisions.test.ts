import { describe, expect, it } from 'vitest';
import { legacyRevisions, negotiate, supportedVersions } from '../../src/wire/revisions.ts';

describe('negotiate', () => {
  const rows: readonly [name: string, requested: unknown, answer: string][] = [
    ['2025-11-25', '2025-11-25', '2025-11-25'],
    ['2025-06-18', '2025-06-18', '2025-06-18'],
    ['2025-03-26', '2025-03-26', '2025-03-26'],
    ['2024-11-05', '2024-11-05', '2024-11-05'],
    ['the first one of all', '2024-10-07', '2024-10-07'],
    ['one that opens otherwise', '2026-07-28', '2025-11-25'],
    ['an unknown one', '1.0', '2025-11-25'],
    ['none', undefined, '2025-11-25'],
    ['no string', ['2024-11-05'], '2025-11-25'],
    ['a name of Object.prototype', '__proto__', '2025-11-25'],
  ];
  it.each(rows)('answers %s', (_, requested, answer) => {
    expect(negotiate(requested)).toBe(answer);
  });

  it('offers the newest first', () => {
    expect(legacyRevisions).toEqual(['2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05']);
  });

  it('lists the modern one before them', () => {
    expect(supportedVersions).toEqual(['2026-07-28', ...legacyRevisions]);
  });
});
