import { describe, expect, it } from 'vitest';
import { pick, textAt } from '../harness/message.ts';
import { scratch } from '../harness/scratch.ts';

const read = { name: 'raw__read', arguments: {} };

describe('a policy without end', () => {
  const endless: readonly (readonly [claim: string, body: string])[] = [
    [
      'that loops',
      'count([1 | some a in numbers.range(1, 100000); some b in numbers.range(1, 100000); a + b < 0]) > 0',
    ],
    ['that allocates', 'count(numbers.range(1, 2000000000)) > 0'],
    [
      'that doubles text',
      'count(concat("", [x | some i in numbers.range(1, 100000000); x := sprintf("%d", [i])])) > 0',
    ],
  ];
  for (const isolation of ['inline', 'worker']) {
    it.each(endless)(
      `%s (${isolation}) is stopped: the call is denied, later calls are served`,
      async (_claim, body) => {
        const house = await scratch({
          rules: {
            'endless.rego': `package gate.rules.endless

allow contains {"id": "endless.read", "reason": "fine"} if input.resource.properties.tool == "read"

deny contains {"id": "endless.count", "reason": "never reached"} if {
	input.resource.properties.tool == "count"
	${body}
}
`,
          },
          config: { policy: { dir: './policies', isolation } },
        });
        const client = await house.open();
        expect(textAt(await client.request('tools/call', read), 'result.content.0.text')).toBe(
          'read',
        );
        const answer = await client.request('tools/call', { name: 'raw__count', arguments: {} });
        expect(pick(answer, 'result.isError')).toBe(true);
        expect(textAt(answer, 'result.content.0.text')).toMatch(/policy could not decide/);
        expect(textAt(await client.request('tools/call', read), 'result.content.0.text')).toBe(
          'read',
        );
        expect(house.executed()).toEqual([]);
        const entry = (await house.journal('decision')).find(
          ({ body: each }) => pick(each, 'tool') === 'count',
        );
        expect(entry?.body).toMatchObject({ outcome: 'deny', forwarded: false });
        expect(textAt(entry?.body, 'error')).toMatch(/opa_malloc|memory|time/);
      },
    );
  }
});
