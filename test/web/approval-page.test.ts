import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { approvalDetail, detailLines } from '../../src/approval/view/present.ts';
import { canonical } from '../../src/core/canonical.ts';
import { decision, kinds, lastEntry, stateOf } from '../approval/desk-scratch.ts';
import { openPage } from './page-rig.ts';

/** The text of what stands between two tags, as a browser shows it. */
function shownIn(html: string): string {
  const text = /<pre>([\s\S]*)<\/pre>/.exec(html)?.[1] ?? '';
  const marks = { '&lt;': '<', '&gt;': '>', '&quot;': '"', '&#39;': "'", '&amp;': '&' };
  return text.replace(/&(?:lt|gt|quot|#39|amp);/g, (mark) => marks[mark as keyof typeof marks]);
}

describe('a look without a credential', () => {
  it('shows the same form for an approval, for none, and for what is no id', async () => {
    const { get, path, approval } = await openPage();
    const [there, missing, strange] = [
      await get(),
      await get('/approvals/ap_0000000000'),
      await get('/approvals/whatever'),
    ];
    expect(there.status).toBe(200);
    expect(missing.text).toBe(there.text);
    expect(strange.text).toBe(there.text);
    expect(there.text).not.toContain(approval.id);
    expect(there.text).not.toContain('write_file');
    expect((await get(`${path}?from=mail`)).text).toBe(there.text);
  });

  it('comes with headers that leave no room for a script, a frame or a copy', async () => {
    const { get, send } = await openPage();
    const wrong = await send({ credential: 'dana:wrong' });
    const noForm = await send('x', { headers: { 'content-type': 'text/plain' } });
    for (const { headers, text, status } of [await get(), wrong, noForm]) {
      expect(headers).toMatchObject({
        'cache-control': 'no-store',
        'referrer-policy': 'no-referrer',
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
      });
      expect(headers['set-cookie']).toBeUndefined();
      expect(headers['access-control-allow-origin']).toBeUndefined();
      const policy = headers['content-security-policy'] ?? '';
      expect(policy).toMatch(/^default-src 'none'; style-src 'sha256-[\w+/=]+'; /);
      expect(policy).toContain("form-action 'self'; frame-ancestors 'none'; base-uri 'none'");
      expect(policy).not.toContain('unsafe');
      if (status === 415) continue;
      const style = /<style>([^<]*)<\/style>/.exec(text)?.[1] ?? '';
      const hash = createHash('sha256').update(style).digest('base64');
      expect(policy).toContain(`'sha256-${hash}'`);
      expect(text).not.toMatch(/<script|<img|<link|style=|\son\w+=/i);
    }
  });

  it.each([
    ['no name', '/approvals/', 404],
    ['two names', '/approvals/ap_0000000000/x', 404],
    ['a longer name', `/approvals/${'a'.repeat(41)}`, 404],
    ['a name with markup', '/approvals/%3Cscript%3E', 404],
    ['the address itself', '/approvals', 404],
  ])('is none below %s', async (_, path, status) => {
    const { get } = await openPage();
    expect((await get(path)).status).toBe(status);
  });
});

describe('an approver', () => {
  it('sees the whole call, and decides it with what was shown', async () => {
    const { show, answer, dana, approval, store, clock } = await openPage();
    const shown = await show(dana);
    expect(shown.status).toBe(200);
    const detail = approvalDetail(store, approval, clock());
    expect(shownIn(shown.text)).toBe(detailLines(detail, 44).join('\n'));
    expect(shown.text).toContain(`name="binding" value="${approval.binding}"`);
    expect(shown.text).toContain('recorded for <b>dana</b>');
    // The enter key presses the first button of a form.
    const form = shown.text.slice(shown.text.indexOf('<form'));
    expect(/<button[^>]*>/.exec(form)?.[0]).toBe('<button disabled hidden>');
    expect(stateOf(store, approval)).toBe('pending');
    const got = await answer(dana, 'approve', { reason: 'the report is due' });
    expect(got.status).toBe(200);
    expect(got.text).toContain(`${approval.id} is approved.`);
    expect(lastEntry(store)).toMatchObject({
      kind: 'approval.approved',
      approver: 'dana',
      verified: true,
      via: 'credential',
      reason: 'the report is due',
    });
  });

  it('denies', async () => {
    const { answer, dana, approval, store } = await openPage();
    expect((await answer(dana, 'deny')).text).toContain(`${approval.id} is denied.`);
    expect(lastEntry(store)).toMatchObject({ kind: 'approval.denied', approver: 'dana' });
  });

  it('is one of two where policy asks for two', async () => {
    const { answer, dana, lee, approval, store } = await openPage({
      decision: decision({ quorum: 2 }),
    });
    expect((await answer(dana, 'approve')).text).toContain('still waits, 1 of 2');
    expect((await answer(dana, 'approve')).text).toContain('still waits, 1 of 2');
    expect(stateOf(store, approval)).toBe('pending');
    expect((await answer(lee, 'approve')).text).toContain('is approved');
  });

  it('whom policy does not name is told so, and nothing is decided', async () => {
    const { answer, dana, approval, store } = await openPage({
      decision: decision({ approvers: ['lee'] }),
    });
    const got = await answer(dana, 'approve');
    expect(got.status).toBe(409);
    expect(got.text).toContain('is not among the approvers that policy names');
    expect(stateOf(store, approval)).toBe('pending');
  });

  it('finds no call under an address that names none', async () => {
    const { send, dana } = await openPage();
    const got = await send({ credential: dana }, { path: '/approvals/ap_0000000000' });
    expect(got.status).toBe(404);
  });

  it('is asked for the whole id: a beginning of it names nothing', async () => {
    const { send, dana, path } = await openPage();
    expect((await send({ credential: dana }, { path: path.slice(0, -1) })).status).toBe(404);
  });
});

describe('a decision is bound to what was shown', () => {
  it.each([
    ['another binding', { binding: `sha256:${'0'.repeat(64)}` }],
    ['an empty one', { binding: '' }],
  ])('%s decides nothing', async (_, more) => {
    for (const verdict of ['approve', 'deny']) {
      const { answer, dana, approval, store } = await openPage();
      const got = await answer(dana, verdict, more);
      expect(got.status).toBe(409);
      expect(got.text).toContain('is not what was shown');
      expect(stateOf(store, approval)).toBe('pending');
      expect(kinds(store).filter((kind) => kind.startsWith('approval.'))).toHaveLength(1);
    }
  });

  it('none at all decides nothing, nor does a word that is neither yes nor no', async () => {
    const { send, answer, dana, approval, store } = await openPage();
    expect((await send({ credential: dana, verdict: 'approve' })).status).toBe(400);
    expect((await answer(dana, 'APPROVE')).status).toBe(400);
    expect(stateOf(store, approval)).toBe('pending');
  });

  it('a decision that is sent again decides nothing more', async () => {
    const { answer, dana, lee, approval, store } = await openPage();
    await answer(dana, 'deny');
    const before = kinds(store).length;
    for (const credential of [dana, lee]) {
      const again = await answer(credential, 'approve');
      expect(again.status).toBe(409);
      expect(again.text).toContain('is denied, expected pending');
      expect(again.text).not.toContain('value="approve"');
    }
    expect(stateOf(store, approval)).toBe('denied');
    expect(kinds(store)).toHaveLength(before);
  });

  it('an approval that has expired is shown as such and cannot be decided', async () => {
    const { show, answer, dana, approval, store, pass } = await openPage();
    pass(900_000);
    const shown = await show(dana);
    expect(shown.text).toContain('it is expired');
    expect(shown.text).not.toContain('value="approve"');
    const got = await answer(dana, 'approve');
    expect(got.status).toBe(409);
    expect(stateOf(store, approval)).toBe('expired');
  });
});

describe('a call that means to deceive', () => {
  const hostile = {
    markup: '</pre><form action="//evil.example"><button>Approve</button></form><script>1</script>',
    quotes: `" onfocus="x" 'y' &lt; &#x3c;`,
    controls: '\u001b[2J\u0007\r\nstate       approved\u202emoc.live\u2066\u200b\u2028',
    spaces: `a${' '.repeat(500)}approve: it is safe`,
  };

  it('is text, whole, and in lines of our own', async () => {
    const { show, dana } = await openPage({ canonicalArguments: canonical(hostile) });
    const { text } = await show(dana);
    expect(text).not.toContain('<script');
    expect(text.match(/<form/g)).toHaveLength(1);
    expect(text.match(/<\/pre>/g)).toHaveLength(1);
    expect(text.replaceAll('\n', '')).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u);
    const lines = shownIn(text).split('\n');
    const argued = lines.slice(lines.indexOf('arguments') + 1);
    expect(argued.every((line) => line.startsWith('│ ') && line.length <= 44)).toBe(true);
    const joined = argued.map((line) => line.slice(2)).join('');
    expect(joined.replaceAll(' ', '')).toBe(
      JSON.stringify(JSON.parse(canonical(hostile)), undefined, 2)
        .replace(/[\u202e\u2066\u200b\u2028]/g, (c) => `\\u${c.charCodeAt(0).toString(16)}`)
        .replaceAll(/\n| /g, ''),
    );
  });

  it('is shown whole, however long', async () => {
    const long = { text: 'x'.repeat(1_000_000), last: 'rm -rf /' };
    const { show, dana } = await openPage({ canonicalArguments: canonical(long) });
    const shown = shownIn((await show(dana)).text)
      .split('\n')
      .map((line) => line.replace(/^│ /, ''))
      .join('');
    expect(shown).toContain(long.text);
    expect(shown).toContain('rm -rf /');
  });

  it('cannot put markup into what stands around it either', async () => {
    const { show, dana } = await openPage({
      tool: '<b>tool</b>',
      requester: 'os:<i>rita</i>',
      environment: '<u>dev</u>',
      decision: { ...decision(), reason: '<script>alert(1)</script>' },
    });
    expect((await show(dana)).text).not.toMatch(/<(?:i|u|script)>|<b>tool/);
  });

  it('a reason is text, too, and at most 2,000 characters', async () => {
    const { answer, dana, store, approval } = await openPage();
    expect((await answer(dana, 'deny', { reason: 'x'.repeat(2001) })).status).toBe(409);
    expect(stateOf(store, approval)).toBe('pending');
    const reason = '<script>\u202e';
    const got = await answer(dana, 'deny', { reason });
    expect(got.text).not.toContain('<script');
    expect(store.approval(approval.id)?.decisionReason).toBe(reason);
  });
});

describe('whoever proves nothing', () => {
  const wrong = (name: string) => `${name}:${'A'.repeat(43)}`;

  it.each([
    ['a wrong secret', wrong('dana')],
    ['a name that nobody has', wrong('nobody')],
    ['a name alone', 'dana'],
    ['nothing', ''],
    ['a secret without its name', 'A'.repeat(43)],
  ])('%s is refused, in the same words, and decides nothing', async (_, credential) => {
    const { send, answer, approval, store, failures } = await openPage();
    const refusals = [
      await send({ credential }),
      await answer(credential, 'approve'),
      await answer(credential, 'deny'),
      await send({ credential }, { path: '/approvals/ap_0000000000' }),
    ];
    for (const { status, text } of refusals) {
      expect(status).toBe(403);
      expect(text).toBe(refusals[0]?.text);
      expect(text).not.toContain('write_file');
    }
    expect(stateOf(store, approval)).toBe('pending');
    expect(failures).toEqual([]);
  });

  it('a credential that was taken back is none', async () => {
    const { show, dana, store } = await openPage();
    await store.write('decision', (tx) => tx.removeApprover('dana'));
    expect((await show(dana)).status).toBe(403);
  });

  it.each(['dana', 'nobody'])(
    'under the name %s is put off after ten tries, the right credential with it',
    async (name) => {
      const { show, dana, lee, pass, refusedFrom } = await openPage();
      for (let tries = 1; tries <= 10; tries += 1) {
        expect((await show(wrong(name))).status).toBe(403);
      }
      const later = await show(wrong(name));
      expect(later.status).toBe(429);
      expect(Number(later.headers['retry-after'])).toBe(900);
      expect((await show(dana)).status).toBe(name === 'dana' ? 429 : 200);
      expect((await show(lee)).status).toBe(200);
      expect(refusedFrom).toHaveLength(10);
      pass(900_000);
      expect((await show(dana)).status).toBe(200);
    },
  );

  it('is put off after thirty tries from one address, under whatever names', async () => {
    const { show, dana, pass } = await openPage();
    for (let tries = 1; tries <= 30; tries += 1) {
      expect((await show(wrong(`name${tries}`))).status).toBe(403);
    }
    expect((await show(wrong('another'))).status).toBe(429);
    expect((await show(dana)).status).toBe(429);
    pass(900_000);
    expect((await show(dana)).status).toBe(200);
  });

  it('who is right is never put off', async () => {
    const { show, dana } = await openPage();
    for (let tries = 1; tries <= 40; tries += 1) expect((await show(dana)).status).toBe(200);
  });

  it('no credential is ever in an answer, an entry or a row', async () => {
    const { send, answer, dana, store } = await openPage();
    const secret = dana.slice(dana.indexOf(':') + 1);
    const given = wrong('dana');
    const texts = [
      (await send({ credential: dana })).text,
      (await send({ credential: given })).text,
      (await answer(dana, 'approve')).text,
      JSON.stringify(store.journal.range(0, 1000)),
      JSON.stringify(store.approvals(undefined)),
    ];
    for (const text of texts) {
      expect(text).not.toContain(secret);
      expect(text).not.toContain(given.slice(5));
    }
  });
});
