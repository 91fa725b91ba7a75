import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createPatternDetector } from '../../../src/facts/detectors/pattern.ts';
import { detectorsOf } from '../../../src/facts/detectors/registry.ts';

const all = ['secret', 'pci', 'pii'].flatMap((name) => detectorsOf(name) ?? []);

/** What detectors of a class find, as text. */
function found(dataClass: string, text: string): string[] {
  return (detectorsOf(dataClass) ?? []).flatMap((detector) =>
    detector.find(text).map(({ start, end }) => text.slice(start, end)),
  );
}

const x = (count: number) => 'x1'.repeat(count).slice(0, count);
const pem = '-----BEGIN RSA PRIVATE KEY-----\nMIIE\nabc=\n-----END RSA PRIVATE KEY-----';

describe('what is found, whole', () => {
  it.each<[claim: string, dataClass: string, text: string, spans: string[]]>([
    ['a card without separators', 'pci', 'pay 4111111111111111 now', ['4111111111111111']],
    ['a card in groups of four', 'pci', '4111 1111 1111 1111', ['4111 1111 1111 1111']],
    ['a card with hyphens', 'pci.pan', 'n:5555-5555-5555-4444.', ['5555-5555-5555-4444']],
    ['an American card as it is printed', 'pci', '3782 822463 10005', ['3782 822463 10005']],
    ['a card of nineteen digits', 'pci', '4000000000000000006', ['4000000000000000006']],
    ['a card behind another group', 'pci', '2024 4111 1111 1111 1111', ['4111 1111 1111 1111']],
    ['a card glued to letters', 'pci', 'card4111111111111111x', ['4111111111111111']],
    [
      'two cards',
      'pci',
      '4111111111111111,4012888888881881',
      ['4111111111111111', '4012888888881881'],
    ],
    ['a card of no issuer', 'pci', '9999999999999995', []],
    ['a wrong last digit', 'pci', '4111111111111112', []],
    ['a card inside a longer number', 'pci', '94111111111111111', []],
    ['a card behind a longer number', 'pci', '41111111111111110000', []],
    ['two separators in a row', 'pci', '4111  1111 1111 1111', []],
    ['the fraction of a number', 'pci', '0.4111111111111111', []],
    ['a card behind a full stop', 'pci', 'paid.4111111111111111', ['4111111111111111']],
    ['a table of small numbers', 'pci', '4 11 11 11 11 11 11 11 1', []],
    ['an address', 'pii', 'write to a.b+c@mail.example.co.uk.', ['a.b+c@mail.example.co.uk']],
    ['an address in quotes', 'pii', "'bob@example.com'", ['bob@example.com']],
    ['an address in a link', 'pii', 'mailto:bob@example.com?x=1', ['bob@example.com']],
    [
      'an address with letters of its own',
      'pii',
      'jürgen@bücher.example',
      ['jürgen@bücher.example'],
    ],
    ['an address before a number', 'pii.email', 'bob@example.com.1', ['bob@example.com']],
    ['an address behind a stray @', 'pii', '@@x@bob@example.com', ['bob@example.com']],
    ['a host without a domain', 'pii', 'root@localhost', []],
    ['an IP address', 'pii', 'root@10.0.0.1', []],
    ['a package with a version', 'pii', 'left-pad@1.3.0', []],
    ['a decorator', 'pii', '@Component.x', []],
    ['a key with all of its rest', 'secret', `k=sk-ant-${x(60)}!`, [`sk-ant-${x(60)}`]],
    ['a newer key', 'secret.openai_key', `sk-proj-${x(30)}-_9 `, [`sk-proj-${x(30)}-_9`]],
    ['a word that ends like a key begins', 'secret', `task-${x(40)}`, []],
    ['an AWS key', 'secret', 'id AKIAIOSFODNN7EXAMPLE.', ['AKIAIOSFODNN7EXAMPLE']],
    ['a longer word', 'secret', 'AKIAIOSFODNN7EXAMPLEX', []],
    ['a GitHub token', 'secret', `ghp_${x(36)}`, [`ghp_${x(36)}`]],
    [
      'a fine-grained one',
      'secret',
      `github_pat_${x(22)}_${x(59)}`,
      [`github_pat_${x(22)}_${x(59)}`],
    ],
    ['a GitLab token', 'secret', `glpat-${x(20)}`, [`glpat-${x(20)}`]],
    ['an npm token', 'secret', `npm_${x(36)}`, [`npm_${x(36)}`]],
    ['a Slack token', 'secret', 'xoxb-1234567890-abc', ['xoxb-1234567890-abc']],
    [
      'a JWT',
      'secret',
      `Bearer eyJ${x(9)}.eyJ${x(9)}.${x(9)}, x`,
      [`eyJ${x(9)}.eyJ${x(9)}.${x(9)}`],
    ],
    ['half a JWT', 'secret', `eyJ${x(9)}.eyJ${x(9)}`, []],
    [
      'a JWT behind words with dots',
      'secret',
      `a.b.eyJ${x(9)}.eyJ${x(9)}.${x(9)}`,
      [`eyJ${x(9)}.eyJ${x(9)}.${x(9)}`],
    ],
    ['a private key up to its end', 'secret', `a ${pem} b`, [pem]],
    ['a private key without end', 'secret', `a ${pem.slice(0, 50)}`, [pem.slice(0, 50)]],
    ['a public key', 'secret', '-----BEGIN PUBLIC KEY-----', []],
  ])('%s', (_claim, dataClass, text, spans) => expect(found(dataClass, text)).toEqual(spans));
});

describe('classes', () => {
  it('are named by themselves or by what stands before a dot', () => {
    expect(detectorsOf('pci.pan')?.map((each) => each.class)).toEqual(['pci.pan']);
    expect(detectorsOf('secret')?.length).toBe(9);
    for (const unknown of ['phi', 'secre', 'pci.', 'pci.pan.x', '', 'toString']) {
      expect(detectorsOf(unknown)).toBeUndefined();
    }
  });

  it('are those of the policy library', () => {
    const rego = readFileSync(
      join(import.meta.dirname, '../../../policies/lib/secrets.rego'),
      'utf8',
    );
    const named = [...rego.matchAll(/^\t"(secret\.\w+)":/gm)].map(([, name]) => name).sort();
    expect(named.length).toBeGreaterThan(0);
    expect(
      detectorsOf('secret')
        ?.map((each) => each.class)
        .sort(),
    ).toEqual(named);
  });
});

describe('hostile text', () => {
  const size = 1_000_000;
  const filled = (unit: string) => unit.repeat(Math.ceil(size / unit.length));
  it.each([
    '1',
    '4111 ',
    '4111-1111 ',
    '411 ',
    '@',
    'a@',
    'a@b.',
    'a-',
    'a.',
    'eyJ',
    'eyJaaaaaaaa.',
    '-----BEGIN ',
    '-----BEGIN A PRIVATE KEY-----',
    'sk-',
    'sk-ant-',
    'ghp_',
    'AKIA',
    'xoxb-',
    '\\u0031',
    '.',
  ])(
    'of nothing but %j is read in time, and the spans are in order',
    { timeout: 20_000 },
    (unit) => {
      const text = filled(unit);
      for (const { find } of all) {
        let behind = 0;
        for (const { start, end } of find(text)) {
          if (start < behind || end <= start || end > text.length) throw new Error('out of order');
          behind = end;
        }
      }
      expect(text.length).toBeGreaterThanOrEqual(size);
    },
  );

  it('of any kind gives spans in order within the text', () => {
    const pieces = fc.constantFrom(
      '4111 1111',
      '1',
      '-',
      ' ',
      '@',
      'a.b',
      'eyJ',
      'sk-ant-',
      'x'.repeat(20),
      '-----BEGIN PRIVATE KEY-----',
      '\n',
      'ü',
      '😀',
    );
    void fc.assert(
      fc.property(fc.array(pieces, { maxLength: 40 }), (list) => {
        const text = list.join('');
        for (const { find } of all) {
          let behind = 0;
          for (const { start, end } of find(text)) {
            expect(start).toBeGreaterThanOrEqual(behind);
            expect(end).toBeGreaterThan(start);
            behind = end;
          }
          expect(behind).toBeLessThanOrEqual(text.length);
        }
      }),
    );
  });
});

describe('patterns', () => {
  const patternFound = (pattern: string, text: string) => {
    const detector = createPatternDetector('org.x', pattern);
    if ('fault' in detector) throw new Error(detector.fault);
    return detector.find(text).map(({ start, end }) => text.slice(start, end));
  };
  it('are those of RE2, matched wherever they are', () => {
    expect(patternFound('PRJ-[0-9]+', 'PRJ-1, prj-2, PRJ-33')).toEqual(['PRJ-1', 'PRJ-33']);
    expect(patternFound('(?i)prj-[0-9]+', 'PRJ-1, prj-2')).toEqual(['PRJ-1', 'prj-2']);
    expect(patternFound('😀+', 'a😀😀b')).toEqual(['😀😀']);
    expect(patternFound('x*', 'aaa')).toEqual([]);
  });

  it.each([
    ['a back reference', '(a)\\1', /escape/],
    ['a look ahead', 'a(?=b)', /syntax/],
    ['a look behind', '(?<=a)b', /syntax|named|invalid/],
    ['an open group', '(', /missing|parenthes/],
    ['nothing', '', /expected a pattern/],
    ['one that is long', 'a'.repeat(501), /longer than 500/],
    ['one that is long once it is written out', '((a{1,30}){1,30}){1,30}', /repeat|too large/],
  ])('are refused: %s', (_claim, pattern, fault) => {
    const detector = createPatternDetector('org.x', pattern);
    expect('fault' in detector ? detector.fault : 'none').toMatch(fault);
  });

  it('that take too long for a text count as found in all the rest of it', () => {
    const text = 'a'.repeat(60_000);
    const spans = patternFound('a.*z|a', text);
    expect(spans.join('')).toBe(text);
    expect(spans.length).toBeLessThan(text.length);
    const long = 'b'.repeat(11_000_000);
    const [all = ''] = patternFound('(a.*z|a.*y)c', long);
    expect(all.length).toBe(long.length);
  });
});
