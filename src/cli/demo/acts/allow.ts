import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from '../expect.ts';
import { type Parts, perform, showJournal } from '../perform.ts';

/** Work inside the workspace needs no question. */
export async function allow(parts: Parts): Promise<void> {
  parts.stage.title('3. Allowed: reading and writing inside the workspace');
  const path = join(parts.scratch.workspace, 'notes.txt');
  const written = await perform(parts, {
    tool: 'files__write_file',
    args: { path, content: 'hello' },
  });
  expect('"isError" of the write', written.isError, false);
  expect('notes.txt', readFileSync(path, 'utf8'), 'hello');
  const read = await perform(parts, {
    tool: 'files__read_text_file',
    args: { path },
  });
  expect('what was read', read.text, 'hello');
  await showJournal(
    parts,
    [written.traceId, read.traceId],
    [
      'allow files/write_file by files.write-inside-workspace',
      'allow files/read_text_file by reads.known-tool',
    ],
  );
}
