import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ParseError, parse } from 'jsonc-parser';
import { describe, expect, it } from 'vitest';
import {
  type ConsoleStep,
  isAsShown,
  namesIn,
  readConsole,
  writeConsole,
} from '../harness/console.ts';
import type { LineClient } from '../harness/line-client.ts';
import { type Block, readBlocks } from '../harness/markdown.ts';
import { type Message, messageOf, pick } from '../harness/message.ts';
import { root, type Scratch, scratch, serverFile } from '../harness/scratch.ts';
import { runShell } from '../harness/shell.ts';

/**
 * OUTCOMES.md is executed, section by section, each in a gate of its own. A block whose first line is a comment with a
 * file name is written there; with `in` before the name its members are merged into that file. The rules and data of all
 * sections are in force in each, so that they are known to get along. In a `console` block `>` is a call by a client, or
 * another request, and `$` a command; what comes is compared with what is shown, but for ids and times, and a line `…`
 * stands for what is left out. `vitest -u` writes down what came.
 */
const file = path.join(root, 'OUTCOMES.md');
const page = readFileSync(file, 'utf8');
const sections = page.split(/^(?=## )/m).map((text) => ({
  name: /^## (.*)$/m.exec(text)?.[1] ?? 'the top',
  text,
  blocks: readBlocks(text),
}));
const [top, ...parts] = sections;
const fresh = new Map<string, string>();

it('shows something in every section', () => {
  for (const { name, blocks } of parts) {
    expect(
      blocks.map(({ language }) => language),
      name,
    ).toContain('console');
  }
});

describe.each(parts)('$name', ({ name, text, blocks }) => {
  it('comes as it is shown', async () => {
    const stage = new Stage(await scratch(), [...(top?.blocks ?? []), ...blocks]);
    let now = text;
    for (const block of blocks.filter(({ language }) => language === 'console')) {
      const steps: ConsoleStep[] = [];
      for (const step of readConsole(block.text)) steps.push(await stage.play(step));
      now = now.replace(block.text, () => writeConsole(steps));
    }
    fresh.set(name, now);
  });
});

it('says what came', async () => {
  const whole = sections.map(({ name, text }) => fresh.get(name) ?? text).join('');
  await expect(whole).toMatchFileSnapshot(file);
});

/** One gate with what a section says about its config and rules, a client, and an approver called dana. */
class Stage {
  readonly #house: Scratch;
  /** What the page calls an approval, a decision or a trace, and what it is called in this run. */
  readonly #names = new Map<string, string>();
  #client: LineClient | undefined;
  #credential: string | undefined;

  constructor(house: Scratch, own: readonly Block[]) {
    this.#house = house;
    mkdirSync(path.join(house.house, 'workspace'));
    const rules = parts.flatMap(({ blocks }) => blocks);
    for (const block of rules.filter(isOfPolicy)) this.#write(block);
    for (const block of own.filter((each) => !isOfPolicy(each))) this.#write(block);
  }

  async play(step: ConsoleStep): Promise<ConsoleStep> {
    const said = this.#now(step.said);
    const came = await this.#come(step, said);
    const names = namesIn(came);
    for (const [at, name] of namesIn(step.shown).entries()) {
      this.#names.set(name, names[at] ?? name);
    }
    return isAsShown(step.shown, came) ? step : { ...step, shown: came };
  }

  /** What a gate says of itself is one heartbeat old at most: five seconds. */
  async #come({ kind, shown }: ConsoleStep, said: string): Promise<string> {
    if (kind === 'call') return this.#printed(await this.#call(said));
    const tries = said === 'mcp-gate status' ? 30 : 1;
    for (let left = tries; ; left -= 1) {
      const came = this.#printed(await this.#command(said));
      if (left === 1 || isAsShown(shown, came)) return came;
      await sleep(300);
    }
  }

  #now(said: string): string {
    return [...this.#names].reduce((text, [shown, now]) => text.replaceAll(shown, now), said);
  }

  #printed(came: string): string {
    return came
      .replaceAll(this.#house.house, '/home/you/my-gate')
      .replaceAll(`os:${userInfo().username}`, 'os:you')
      .replaceAll(/[ \t]+$/gm, '')
      .trimEnd();
  }

  #write(block: Block): void {
    const [, way, name = ''] = heading.exec(block.text.split('\n')[0] ?? '') ?? [];
    if (name === '') return;
    const target = path.join(this.#house.house, name);
    const before = way === undefined ? {} : readMembers(target);
    const after = block.language === 'rego' ? block.text : merged(before, parsed(block.text));
    writeFileSync(target, typeof after === 'string' ? after : JSON.stringify(runnable(after)));
  }

  async #call(said: string): Promise<string> {
    this.#client ??= await this.#house.open();
    const [, name = '', args = '{}', meta] =
      /^(\S+)(?: (\{.*?\}))?(?: with (\{.*\}))?$/.exec(said) ?? [];
    const own = meta === undefined ? {} : { _meta: JSON.parse(meta) };
    const params = name.includes('/')
      ? { ...messageOf(JSON.parse(args)), ...own }
      : { name, arguments: JSON.parse(args), ...own };
    return answerText(await this.#client.request(name.includes('/') ? name : 'tools/call', params));
  }

  async #command(said: string): Promise<string> {
    const secret = 'MCP_GATE_APPROVER=dana:SECRET';
    if (said.startsWith(secret) && this.#credential === undefined) {
      this.#credential = (await this.#house.approver('dana'))['MCP_GATE_APPROVER'];
    }
    const script = said.replace(secret, `MCP_GATE_APPROVER=${this.#credential}`);
    const { output } = await runShell(this.#house, this.#house.house, script);
    return output;
  }
}

const heading = /^(?:#|\/\/)\s+(in\s+)?([\w./-]+\.\w+)\s*$/;

function isOfPolicy({ text }: Block): boolean {
  return /^(?:#|\/\/)\s+(?:in\s+)?policies\//.test(text);
}

function parsed(text: string): Message {
  const errors: ParseError[] = [];
  const value: unknown = parse(text, errors);
  expect(errors).toEqual([]);
  return messageOf(value);
}

function readMembers(target: string): Message {
  return parsed(readFileSync(target, 'utf8'));
}

function merged(before: Message, change: Message): Message {
  const members = Object.entries(change).map(([name, value]) => {
    const old = before[name];
    const bothHold = isMembers(old) && isMembers(value);
    return [name, bothHold ? merged(messageOf(old), messageOf(value)) : value];
  });
  return { ...before, ...messageOf(Object.fromEntries(members)) };
}

function isMembers(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The reference servers as they are installed here. */
function runnable(config: Message): Message {
  const text = JSON.stringify(config).replaceAll(
    /"command":"npx","args":\["-y","@modelcontextprotocol\/server-(everything|filesystem)"/g,
    (_, name: 'everything' | 'filesystem') =>
      `"command":${JSON.stringify(process.execPath)},"args":[${JSON.stringify(serverFile(name))}`,
  );
  return messageOf(JSON.parse(text));
}

/** What a person reads of an answer: its texts, the names in a list, or an error; and what the gate says of it beside that. */
function answerText(answer: Message): string {
  const { result, error } = answer;
  if (error !== undefined) return `error: ${String(pick(error, 'message'))}`;
  const tools = pick(result, 'tools');
  const messages = pick(result, 'messages');
  if (Array.isArray(messages)) return messages.map((each) => pick(each, 'content.text')).join('\n');
  if (Array.isArray(tools)) return tools.map((tool) => pick(tool, 'name')).join('\n');
  const content = pick(result, 'content') ?? pick(result, 'contents');
  const texts = Array.isArray(content) ? content.map((part) => pick(part, 'text') ?? part) : [];
  const mark = messageOf(pick(result, '_meta') ?? {})['dev.mcp-gate/decision'];
  return [
    ...texts.map((text) => (typeof text === 'string' ? text : JSON.stringify(text))),
    ...beside(messageOf(mark ?? {})),
  ].join('\n');
}

function beside(mark: Message): readonly string[] {
  return ['simulated', 'reused', 'repeated', 'fetched', 'adapted'].flatMap((name) => {
    const said = mark[name];
    if (said === undefined) return [];
    return [Array.isArray(said) ? `(${name}: ${said.join(', ')})` : `(${name})`];
  });
}
