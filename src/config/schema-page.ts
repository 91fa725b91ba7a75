import * as z from 'zod';
import { checked, text } from './schema-fields.ts';
import { isGuarded, webAddress } from './web-address.ts';

/** Where approvers answer in a browser: the address as they know it; `serve` serves it, and questions point to it. */
export const page = z.strictObject({
  url: checked(isPage, {
    expected:
      'an "https:" address with a path, such as "https://gate.example/approvals", or an "http:" one on this machine',
  }),
});

/** How users may be asked about a held call through their client, by the beginning of its name; `default` for the rest. */
export const elicit = z.record(text(200), z.array(z.enum(['form', 'url'])).max(2));

// What approvers type there must not be readable on its way. An id is put behind the path, so there is no query.
function isPage(value: string): boolean {
  const url = webAddress(value);
  if (url === undefined || url.hash !== '' || url.search !== '' || !isGuarded(url)) return false;
  return /^(?!.*\/\/)\/[A-Za-z0-9._~/-]{1,200}$/.test(url.pathname);
}
