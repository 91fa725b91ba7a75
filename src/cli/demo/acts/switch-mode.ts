import { expect } from '../expect.ts';
import { type Line, type Parts, perform, showJournal } from '../perform.ts';
import { writeConfig } from '../scratch.ts';

// The key is the one that AWS uses in its documentation.
const leak: Line = {
  tool: 'everything__echo',
  args: { message: 'the key is AKIAIOSFODNN7EXAMPLE' },
};

/** A secret on its way out: recorded in observe mode, refused in enforce mode. */
export async function switchMode(parts: Parts): Promise<void> {
  const { stage, gate, scratch } = parts;
  stage.title('1. Observe: everything goes through, and is decided and recorded');
  const passed = await perform(parts, leak);
  expect('the answer in observe mode', passed.text, 'Echo: the key is AKIAIOSFODNN7EXAMPLE');
  await showJournal(
    parts,
    [passed.traceId],
    ['deny (observed) everything/echo by secrets.open-world'],
  );

  stage.title('2. Enforce: one word in the config, no restart');
  writeConfig(scratch, 'enforce');
  stage.line('edit', 'mcp-config.json: "mode": "observe" → "mode": "enforce"');
  await gate.untilStatus('the gate in enforce mode', ({ mode }) => mode === 'enforce');
  const denied = await perform(parts, leak);
  expect('the answer in enforce mode', denied.text, /^Denied by policy: .* It did not run\./);
  expect('"isError" of a denial', denied.isError, true);
  await showJournal(parts, [denied.traceId], ['deny everything/echo by secrets.open-world']);
}
