import { describe, expect, it } from 'vitest';
import { scratch } from '../harness/scratch.ts';

describe('a config that cannot be read ends the start with 2 and says where, what was expected, what was found', () => {
  const table: readonly (readonly [claim: string, text: string, says: readonly RegExp[]])[] = [
    ['broken JSON', '{ "mode": "enforce", ', [/mcp-config\.json/]],
    [
      'a wrong word',
      '{ "mode": "enforced", "mcpServers": {} }',
      [/mode/, /observe.*enforce/, /enforced/],
    ],
    [
      'a wrong type',
      '{ "mcpServers": { "a": { "command": 7 } } }',
      [/mcpServers\.a\.command/, /string|text/, /number|7/],
    ],
    ['an unknown member', '{ "mcpServers": {}, "polcy": {} }', [/polcy/, /policy/]],
    ['a bad server key', '{ "mcpServers": { "a b": { "command": "x" } } }', [/a b/]],
    [
      'an unset variable',
      // biome-ignore lint/suspicious/noTemplateCurlyInString: the config's own syntax for a variable
      '{ "mcpServers": { "a": { "command": "${MCP_GATE_NOT_SET}" } } }',
      [/MCP_GATE_NOT_SET/],
    ],
    [
      'a bad duration',
      '{ "mcpServers": {}, "approvals": { "expiresIn": "soon" } }',
      [/approvals\.expiresIn/, /15m/, /soon/],
    ],
  ];
  it.each(table)('%s', async (_claim, text, says) => {
    const house = await scratch();
    house.writeConfigText(text);
    const client = house.start();
    expect(await client.exited).toEqual({ code: 2, signal: null });
    for (const each of says) expect(client.stderr).toMatch(each);
    expect(client.stderr).not.toMatch(/\n\s+at /);
    expect(client.arrivals).toEqual([]);
  });

  it('a file that is not there', async () => {
    const house = await scratch();
    const done = await house.cli(['run', '--config', `${house.dir}/nowhere.json`]);
    expect(done).toMatchObject({ code: 2, stdout: '' });
    expect(done.stderr).toContain('nowhere.json');
  });
});
