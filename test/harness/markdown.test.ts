import { expect, it } from 'vitest';
import { readBlocks } from './markdown.ts';

it('finds blocks with their language, words, text and line', () => {
  const page = 'a\n```sh run once\nls\n```\n- item\n  ```json\n  {"a":\n    1}\n  ```\n';
  expect(readBlocks(page)).toEqual([
    { language: 'sh', words: ['run', 'once'], text: 'ls\n', line: 2 },
    { language: 'json', words: [], text: '{"a":\n  1}\n', line: 6 },
  ]);
});

it('does not take a shorter fence inside a longer one for its end', () => {
  expect(readBlocks('````md\n```sh\nx\n```\n````\n').map(({ text }) => text)).toEqual([
    '```sh\nx\n```\n',
  ]);
});

it('fails on a block without an end', () => {
  expect(() => readBlocks('```sh\nls\n')).toThrow('block at line 1 has no end');
});
