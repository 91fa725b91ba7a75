import { describe, expect, it } from 'vitest';
import { holdBudgetMs } from '../../src/approval/carriers/hold-budget.ts';

const hour = 3_600_000;

describe('the hold budget', () => {
  const table: readonly (readonly [string, boolean, number])[] = [
    ['', false, 40_000],
    ['some-new-client', true, 40_000],
    ['claude-code', true, hour],
    ['claude-code', false, 280_000],
    ['Claude-Code/2.1', true, hour],
    ['codex-mcp-client', true, 280_000],
    ['gemini-cli-mcp-client', false, 540_000],
    ['Visual Studio Code', false, hour],
    ['Visual Studio Code - Insiders', false, hour],
    ['claude-ai', true, 40_000],
    ['local-agent-mode-files', true, 40_000],
    ['cursor-vscode', false, 40_000],
    ['Cursor', true, 40_000],
    ['my-codex', false, 40_000],
    ['__proto__', false, 40_000],
  ];
  it.each(table)('of client "%s" (progress token: %s) is %i ms', (client, hasProgress, budget) => {
    expect(holdBudgetMs(client, {}, hasProgress, hour)).toBe(budget);
  });

  const overridden: readonly (readonly [string, string, Record<string, number>, number])[] = [
    ['the default is for clients nobody knows', 'other', { default: 5000 }, 5000],
    ['the default leaves known clients alone', 'codex', { default: 5000 }, 280_000],
    ['a client that is named wins', 'codex-mcp-client', { default: 5000, Codex: 7000 }, 7000],
    ['a longer name wins', 'codex-mcp-client', { codex: 7000, 'codex-mcp': 8000 }, 8000],
    ['nothing is a budget too', 'claude-code', { 'claude-code': 0 }, 0],
    ['no budget outlasts the approval', 'other', { default: 2 * hour }, hour],
  ];
  it.each(overridden)('%s', (_, client, overrides, budget) => {
    expect(holdBudgetMs(client, overrides, true, hour)).toBe(budget);
  });

  it('is never negative', () => expect(holdBudgetMs('codex', {}, true, -5)).toBe(0));
});
