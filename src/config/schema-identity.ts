import * as z from 'zod';
import { checked, text } from './schema-fields.ts';
import { isGuarded, webAddress } from './web-address.ts';

/** Only those whose verifier holds no secret: a key that can check could else sign as well. */
const algorithms = [
  ...(['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'] as const),
  ...(['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'] as const),
] as const;

const address = checked(isGuardedAddress, {
  expected: 'an "https:" address, or an "http:" one on this machine',
});

const claim = text(200);

const claims = z.strictObject({
  subject: claim.default('sub'),
  groups: claim.default('groups'),
  roles: claim.default('roles'),
  tenant: claim.optional(),
  department: claim.optional(),
  region: claim.optional(),
});

const issuer = z.strictObject({
  issuer: address,
  jwksUri: address,
  audience: z.preprocess(listed, z.array(text(2048)).min(1).max(20)),
  algorithms: z
    .array(z.enum(algorithms))
    .min(1)
    .default([...algorithms]),
  claims: claims.prefault({}),
});

const issuers = z
  .array(issuer)
  .max(20)
  .superRefine((list, context) => {
    list.forEach((each, index) => {
      if (list.findIndex(({ issuer: other }) => other === each.issuer) === index) return;
      const params = { expected: 'every issuer once', hint: '"audience" may be a list' };
      context.addIssue({ code: 'custom', path: [index, 'issuer'], params });
    });
  });

export const identity = z.strictObject({
  required: z.boolean().default(false),
  onError: z.literal('closed').default('closed'),
  issuers: issuers.default([]),
});

function listed(value: unknown): unknown {
  return typeof value === 'string' ? [value] : value;
}

// Who can change the keys on their way here can be anybody.
function isGuardedAddress(value: string): boolean {
  const url = webAddress(value);
  return url !== undefined && url.hash === '' && isGuarded(url);
}
