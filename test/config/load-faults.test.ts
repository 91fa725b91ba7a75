// biome-ignore-all lint/suspicious/noTemplateCurlyInString: config files have this notation
import { expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { GateError } from '../../src/core/errors.ts';
import { scratch } from './scratch.ts';

/** The message without the file's path, and the hint. */
function faultOf(
  text: string,
  env = {},
): { code: string; message: string; hint: string | undefined } {
  const file = scratch().write('mcp-config.json', text);
  try {
    loadConfig(file, { env, servers: 'expand' });
  } catch (error) {
    if (!(error instanceof GateError)) throw error;
    return {
      code: error.code,
      message: error.message.replaceAll(`${file}:`, ''),
      hint: error.hint,
    };
  }
  throw new Error('the config was accepted');
}

const server = '"mcpServers": {"files": {"command": "node"}}';

type Row = [claim: string, text: string, message: string, hint: string | undefined];

const faults: Row[] = [
  [
    'an unknown mode is refused with the one that was meant',
    `{"mode": "enforced", ${server}}`,
    '1:10: "mode": expected "observe" or "enforce", found "enforced"',
    'did you mean "enforce"?',
  ],
  [
    'an unknown key is refused where it stands',
    `{\n  ${server},\n  "enviroment": "dev"\n}`,
    '3:3: "enviroment": expected a known key, found an unknown one',
    'did you mean "environment"?',
  ],
  [
    'an unknown key that resembles none lists the known ones',
    `{${server}, "policy": {"path": "./policies"}}`,
    '1:59: "policy.path": expected a known key, found an unknown one',
    'known here: dir, bundle, isolation, timeoutMs, memoryPages',
  ],
  [
    "a mistake in a server's own settings names the whole path",
    '{"mcpServers": {"files": {"command": "node",\n  "gate": {"mode": "monitor"}}}}',
    '2:20: "mcpServers.files.gate.mode": expected "observe" or "enforce", found "monitor"',
    undefined,
  ],
  [
    "a key of a server's settings is as strict as one at the top",
    '{"mcpServers": {"files": {"command": "node", "gate": {"trust": true}}}}',
    '1:55: "mcpServers.files.gate.trust": expected a known key, found an unknown one',
    'did you mean "trusted"?',
  ],
  [
    'a type is told, not converted',
    `{${server}, "approvals": {"quorum": "2"}}`,
    '1:72: "approvals.quorum": expected a number, found "2"',
    undefined,
  ],
  [
    'a number below the range is refused with the bound',
    `{${server}, "approvals": {"quorum": 0}}`,
    '1:72: "approvals.quorum": expected at least 1, found 0',
    undefined,
  ],
  [
    'a duration needs its unit',
    `{${server}, "approvals": {"expiresIn": "15"}}`,
    '1:75: "approvals.expiresIn": expected a duration such as "40s", "15m" or "30d", from 1s to 30d, found "15"',
    undefined,
  ],
  [
    'a duration outside its range is refused',
    `{${server}, "approvals": {"hold": {"default": "2h"}}}`,
    '1:82: "approvals.hold.default": expected a duration such as "40s", "15m" or "30d", from 0s to 1h, found "2h"',
    undefined,
  ],
  ...[
    'http://gate.example/approvals',
    'https://gate.example',
    'https://gate.example/a?b',
    'https://u:p@gate.example/a',
    'https://gate.example/a//b',
    'ftp://gate.example/a',
    '/approvals',
  ].map(
    (url): Row => [
      `the approval page is at ${url}`,
      `{${server}, "approvals": {"page": {"url": "${url}"}}}`,
      `1:78: "approvals.page.url": expected an "https:" address with a path, such as "https://gate.example/approvals", or an "http:" one on this machine, found text`,
      undefined,
    ],
  ),
  [
    'users are asked in a form or by an address',
    `{${server}, "approvals": {"elicit": {"codex": ["mail"]}}}`,
    '1:83: "approvals.elicit.codex[0]": expected "form" or "url", found "mail"',
    undefined,
  ],
  [
    'a client takes tasks in a way that there is',
    `{${server}, "approvals": {"tasks": {"codex": "yes"}}}`,
    '1:81: "approvals.tasks.codex": expected "extension", "2025-11-25" or "none", found "yes"',
    undefined,
  ],
  [
    'what is said of rounds is yes or no',
    `{${server}, "approvals": {"rounds": {"codex": "no"}}}`,
    '1:82: "approvals.rounds.codex": expected true or false, found "no"',
    undefined,
  ],
  [
    'a server key that tools could not be named after is refused',
    '{"mcpServers": {"my files": {"command": "node"}}}',
    '1:17: "mcpServers."my files"": expected a server key of letters, digits and "-", found "my files"',
    "rename the server: its key becomes the first part of its tools' names",
  ],
  [
    'server keys that differ by case only are refused',
    '{"mcpServers": {"Files": {"command": "node"}, "files": {"command": "node"}}}',
    '1:47: "mcpServers.files": expected a server key of its own, found "files", which is "Files" but for the case of its letters',
    'rename one of the two servers',
  ],
  [
    'a server without a command is refused at its entry',
    '{"mcpServers": {"files": {"args": ["x"]}}}',
    '1:26: "mcpServers.files.command": expected text, found nothing',
    undefined,
  ],
  [
    'a file without servers is refused',
    '{"mode": "observe"}',
    '1:1: "mcpServers": expected an object, found nothing',
    undefined,
  ],
  [
    'a file that is no object is refused',
    '[1]',
    '1:1: expected an object, found a list',
    undefined,
  ],
  [
    'an argument of the wrong type is not quoted',
    '{"mcpServers": {"files": {"command": "node", "args": [12345]}}}',
    '1:55: "mcpServers.files.args[0]": expected text, found a number',
    undefined,
  ],
  [
    'a variable of the wrong type is not quoted',
    '{"mcpServers": {"files": {"command": "node", "env": {"TOKEN": ["hunter2"]}}}}',
    '1:63: "mcpServers.files.env.TOKEN": expected text, a number, true, false or null, found a list',
    undefined,
  ],
  [
    'a command of the wrong type is not quoted',
    '{"mcpServers": {"files": {"command": true}}}',
    '1:38: "mcpServers.files.command": expected text, found a boolean',
    undefined,
  ],
  [
    'a key that stands twice is refused: readers disagree on which counts',
    `{"mode": "enforce", ${server}, "mode": "observe"}`,
    '1:67: "mode": expected every key once, found the key a second time',
    undefined,
  ],
  [
    'a server that stands twice is refused',
    '{"mcpServers": {"a": {"command": "x"}, "a": {"command": "y"}}}',
    '1:40: "mcpServers.a": expected every key once, found the key a second time',
    undefined,
  ],
  [
    'a key named __proto__ is refused',
    `{${server}, "__proto__": {}}`,
    '1:48: "__proto__": expected another name for this key, found "__proto__"',
    undefined,
  ],
  [
    'a syntax error is placed',
    '{\n  "mode": "observe"\n  "mcpServers": {}\n}',
    '3:3: expected JSON, comments allowed, found comma expected',
    undefined,
  ],
  [
    'an empty file is refused',
    '',
    '1:1: expected JSON, comments allowed, found value expected',
    undefined,
  ],
  [
    'both places of rules at once are refused',
    `{${server}, "policy": {"dir": "./p", "bundle": "./b.tar.gz"}}`,
    '1:83: "policy.bundle": expected either "dir" or "bundle", found "./b.tar.gz"',
    'remove one of them: rules come from one place',
  ],
  [
    'both names of the servers at once are refused',
    `{${server}, "servers": {}}`,
    '1:48: "servers": expected either "mcpServers" or "servers", found both',
    undefined,
  ],
  [
    'under the alias the path is the one in the file',
    '{"servers": {"files": {"command": 1}}}',
    '1:35: "servers.files.command": expected text, found a number',
    undefined,
  ],
];

it.each(faults)('%s', (_, text, message, hint) => {
  expect(faultOf(text)).toEqual({ code: 'config_invalid', message, hint });
});

const laterHint = 'not supported by this version: remove it, nothing would enforce it';

const later: [claim: string, text: string, message: string, hint: string][] = [
  [
    'a detector of data classes',
    `{${server}, "classification": {"detectors": ["secrets"]}}`,
    '1:80: "classification.detectors": expected an empty list, found a list',
    laterHint,
  ],
  [
    'an anchor of the journal',
    `{${server}, "journal": {"anchors": [{"type": "file", "path": "./anchors"}]}}`,
    '1:71: "journal.anchors": expected an empty list, found a list',
    laterHint,
  ],
];

it.each(later)(
  '%s is refused, not ignored: a later version brings it',
  (_, text, message, hint) => {
    expect(faultOf(text)).toEqual({ code: 'config_invalid', message, hint });
  },
);

it('all problems are listed in the order of the file, the first one with its hint apart', () => {
  const fault = faultOf(
    '{\n"mode": "enforcd",\n"journal": {"anchors": [1]},\n"mcpServers": {"a": {"command": "x", "args": ["${NOPE}"]}}\n}',
  );
  expect(fault.message.split('\n')).toEqual([
    '2:9: "mode": expected "observe" or "enforce", found "enforcd"',
    `3:24: "journal.anchors": expected an empty list, found a list (${laterHint})`,
    '4:47: "mcpServers.a.args[0]": expected the environment variable "NOPE", found no such variable (set NOPE, or give a default: ${NOPE:-default})',
  ]);
  expect(fault.hint).toBe('did you mean "enforce"?');
});

it('what a variable holds is never quoted', () => {
  const fault = faultOf(`{${server}, "stateDir": "\${LONG}"}`, { LONG: 'hunter2'.repeat(1000) });
  expect(fault.message).toBe(
    '1:60: "stateDir": expected text of at most 4096 characters, found "${LONG}"',
  );
});

it('a file that is not there is `config_missing` and says what to do', () => {
  const file = `${scratch().dir}/none.json`;
  const load = () => loadConfig(file, { env: {}, servers: 'expand' });
  expect(load).toThrow(
    expect.objectContaining({
      code: 'config_missing',
      message: `config file "${file}" cannot be read`,
      hint: 'name the file with --config, or copy mcp-config.example.json there',
    }),
  );
});

it('an environment file that cannot be read is refused', () => {
  expect(faultOf('{"mcpServers": {"a": {"command": "x", "envFile": "./none.env"}}}').message).toBe(
    '1:50: "mcpServers.a.envFile": expected a readable file of NAME=value lines, found none',
  );
});
