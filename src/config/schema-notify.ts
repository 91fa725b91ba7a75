import * as z from 'zod';
import { checked, matching } from './schema-fields.ts';
import { isGuarded, webAddress } from './web-address.ts';

/** Who is told that a call waits: addresses that take signed notices. */
export const notify = z
  .array(
    z.strictObject({
      type: z.literal('webhook'),
      url: checked(isGuardedAddress, {
        expected: 'an "https:" address, or an "http:" one on this machine',
      }),
      secret: matching(/^[\x21-\x7e]{16,4096}$/, {
        expected: 'a secret of at least 16 visible characters',
        hint: 'make one with: openssl rand -hex 32',
      }),
    }),
  )
  .max(8);

// Who can read a notice on its way knows what waits; who can change it decides what approvers look at.
function isGuardedAddress(value: string): boolean {
  const url = webAddress(value);
  return url !== undefined && url.hash === '' && isGuarded(url);
}
