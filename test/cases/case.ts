import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import * as z from 'zod';
import type { Json, JsonObject } from '../../src/core/json.ts';

/** The files of the golden table, in order. */
export const caseFiles = readdirSync(import.meta.dirname)
  .filter((name) => name.endsWith('.json') && name !== 'case.schema.json')
  .sort();

const json: z.ZodType<Json> = z.json();
const object: z.ZodType<JsonObject> = z.record(z.string(), z.json());

const tool = z
  .strictObject({
    annotations: object.optional(),
    inputSchema: object.optional(),
    outputSchema: object.optional(),
  })
  .describe('A tool as its server lists it, without its name.');

const servers = z
  .record(z.string(), z.record(z.string(), tool))
  .describe('The tools of every server, by the key of the server and the name of the tool.');

const answer = z
  .union([
    z.strictObject({ text: z.string() }).describe('A result with this text.'),
    z.strictObject({ result: object }).describe('The whole result.'),
    z
      .strictObject({ error: z.strictObject({ code: z.int(), message: z.string() }) })
      .describe('A JSON-RPC error.'),
    z
      .enum(['timeout', 'crash', 'unsent', 'silence'])
      .describe(
        '`timeout`, `crash`: it got the request, and nothing came back. `unsent`: it never got it. `silence`: it answers once nobody waits any more.',
      ),
  ])
  .describe(
    'What the server does with whatever reaches it; it says "done" where nothing is said here.',
  );

const decision = z
  .strictObject({
    outcome: z.string(),
    reason: z.string(),
    rules: z.array(z.string()),
    approval: z.literal(true).optional().describe('There is an approval with an id.'),
    simulated: z.literal(true).optional(),
    reused: z.literal(true).optional(),
    repeated: z.literal(true).optional(),
    fetched: z.literal(true).optional(),
    adapted: z.array(z.string()).optional(),
    edited: z.literal(true).optional(),
  })
  .describe(
    'The mark of the gate, without its ids; an answer that the gate did not touch has none.',
  );

const wanted = z
  .strictObject({
    text: z.string().optional().describe('All texts of the content, line by line.'),
    structured: json.optional(),
    is_error: z.literal(true).optional(),
    error: z.strictObject({ code: z.int(), message: z.string() }).optional(),
    result: object.optional().describe('The result of a request that is no tool call.'),
    decision: decision.optional(),
  })
  .describe('All of the answer that the agent gets.');

const freeze = z.strictObject({
  server: z.string().optional(),
  tool: z.string().optional(),
  subject: z.string().optional(),
});

const operator = z.union([z.strictObject({ freeze }), z.literal('unfreeze'), z.literal('enforce')]);

const verdict = z.union([
  z.boolean(),
  z.strictObject({ edit: object }).describe('A yes to the call with these arguments instead.'),
]);

const call = z.strictObject({
  tool: z.string().optional().describe('As the agent names it.'),
  arguments: object.optional(),
  request: z
    .strictObject({ method: z.string(), params: object })
    .optional()
    .describe('In the place of a tool call: another request of the agent.'),
  asks: z
    .strictObject({ server: z.string(), method: z.string(), params: object })
    .optional()
    .describe(
      'In the place of a tool call: what a server asks of the client; `server` is its answer.',
    ),
  meta: object.optional().describe('The `_meta` of the request.'),
  caller: z.string().optional().describe('Who calls; "alice" where nothing is said.'),
  operator: operator.optional().describe('What the operator does before the call.'),
  meanwhile: operator
    .optional()
    .describe('What the operator does once the call waits for a person, or is at its server.'),
  wait: z
    .string()
    .regex(/^\d+s$/)
    .optional()
    .describe('What the clock goes on before the call.'),
  approve: z
    .union([verdict, z.array(verdict)])
    .optional()
    .describe('What the approver says to each question; where nothing is said nobody answers.'),
  server: answer.optional(),
  together: z.int().min(2).max(20).optional().describe('So many of them at once.'),
  wanted: z.union([wanted, z.array(wanted)]).describe('Of calls that are made together: a list.'),
});

const goldenCase = z.strictObject({
  name: z.string().describe('The claim.'),
  config: object
    .optional()
    .describe('A part of mcp-config.json. The mode is "enforce" where nothing is said.'),
  rules: z
    .string()
    .describe('The name of a rule file under `rules`, or "starter" for the set that is shipped.'),
  data: object.optional().describe("Members of the policy's data.json."),
  calls: z.array(call).min(1),
  listed: z.array(z.string()).optional().describe('The tools that the list shows in the end.'),
  reached: z
    .array(
      z.strictObject({ to: z.string(), arguments: object.optional(), params: object.optional() }),
    )
    .describe('What reached the servers, in order: `server/tool`, or the method.'),
  journal: z
    .array(z.string())
    .describe(
      'The entries, in order: `decision: OUTCOME by RULE…, enforced|observed, forwarded|stopped`, `outcome: STATUS…`, or their kind.',
    ),
});

const caseFile = z.strictObject({
  $schema: z.string(),
  servers,
  rules: z
    .record(z.string().regex(/^[a-z][a-z_]*$/), z.array(z.string()))
    .describe('The text of rule files, line by line, without the package.'),
  cases: z.array(goldenCase),
});

export type Case = z.infer<typeof goldenCase>;
export type Call = z.infer<typeof call>;
export type Wanted = z.infer<typeof wanted>;
export type Servers = z.infer<typeof servers>;
export type ServerAnswer = z.infer<typeof answer>;
export type CaseFile = z.infer<typeof caseFile>;

/** A member that nobody knows would check nothing without a word, so it is refused. */
export function readCases(name: string): CaseFile {
  const text = readFileSync(path.join(import.meta.dirname, name), 'utf8');
  return caseFile.parse(JSON.parse(text));
}

/** What editors complete and check the files with. */
export function caseJsonSchema(): object {
  return z.toJSONSchema(caseFile);
}
