import { describe, expect, it } from 'vitest';
import { compileTemplate } from '../../src/upstream/uri-template.ts';

describe('a URI template', () => {
  const rows = [
    ['note://{id}', 'note://1', true],
    ['note://{id}', 'note://', false],
    ['note://{id}', 'note://1/2', false],
    ['note://{id}', 'note://1?x', false],
    ['note://{id}/text', 'note://1/text', true],
    ['note://{id}/text', 'note://1/text/more', false],
    ['note://{id}/{part}', 'note://a/b', true],
    ['note://{a}-{b}', 'note://1-2-3', true],
    ['note://{a}{b}', 'note://12', true],
    ['file:///{+path}', 'file:///a/b/c.txt', true],
    ['file:///{+path}.md', 'file:///a/b/c.txt', false],
    ['file:///{+path}.md', 'file:///a.md/b.md', true],
    ['search://x{?q,page}', 'search://x?q=1', true],
    ['search://x{?q,page}', 'search://x', true],
    ['fixed://x', 'fixed://x', true],
    ['fixed://x', 'fixed://xy', false],
    ['a.c://{x}', 'abc://1', false],
    ['(a+)+$://{x}', '(a+)+$://1', true],
    ['broken://{x', 'broken://1', false],
    ['broken://{x', 'broken://{x', false],
    ['', '', true],
    ['', 'x', false],
  ] as const;
  it.each(rows)('%s fits %s: %s', (template, uri, fits) => {
    expect(compileTemplate(template)(uri)).toBe(fits);
  });

  it('of too many parts fits nothing', () => {
    const template = '{a}/'.repeat(17);
    expect(compileTemplate(template)('x/'.repeat(17))).toBe(false);
    expect(compileTemplate('{a}/'.repeat(16))('x/'.repeat(16))).toBe(true);
  });

  it('does not take a URI that is too long', () => {
    const fits = compileTemplate('x:{+all}');
    expect([fits(`x:${'a'.repeat(4094)}`), fits(`x:${'a'.repeat(4095)}`)]).toEqual([true, false]);
  });

  it('does not get lost in what a regular expression would try for ever', () => {
    const fits = compileTemplate(`${'{a}a'.repeat(16)}b`);
    expect(fits('a'.repeat(4000))).toBe(false);
  });
});
