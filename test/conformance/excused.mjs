/** Differences that are meant: what a gate does differently on purpose, and why. */
const excuses = [
  {
    targets: /./,
    scenarios: /^server-sse-polling$/,
    checks: /./,
    why: 'the gate itself resumes a stream that a server ends early; its client gets the answer as one JSON text, and so has no stream to be primed or resumed (the suite says so and checks nothing)',
  },
  {
    targets: /legacy$/,
    scenarios:
      /^input-required-result-(basic-elicitation|ignore-extra-params|multiple-input-requests)$/,
    checks: /./,
    why: 'a legacy server asks one thing after the other and gives its questions no names, so nothing can be answered before it asks',
  },
  {
    targets: /legacy$/,
    scenarios: /^server-stateless$/,
    checks: /undeclared-capability|missing-capability/,
    why: 'a legacy server does not know the error of an undeclared capability',
  },
];

/** Why this check may differ, or undefined. */
export function excused(target, scenario, check) {
  return excuses.find(
    ({ targets, scenarios, checks }) =>
      targets.test(target) && scenarios.test(scenario) && checks.test(check),
  )?.why;
}

/** Client scenarios of extensions that the gate does not have, each with what is missing. They are listed, and not run. */
const absent = new Map([
  [
    'auth/client-credentials-jwt',
    'a client that proves itself with a signed JWT (private_key_jwt): the gate has only a client secret to show',
  ],
  [
    'auth/enterprise-managed-authorization',
    'tokens by exchange at an identity provider of the company: the gate asks the authorization server of the tool server alone',
  ],
  ['auth/dpop', 'tokens bound to a key (DPoP): the gate sends bearer tokens'],
  ['auth/dpop-nonce', 'tokens bound to a key (DPoP): the gate sends bearer tokens'],
  [
    'auth/wif-jwt-bearer',
    'tokens for the identity of a workload (JWT bearer grant): the gate asks a person, or shows a client secret',
  ],
]);

/** Why a client scenario cannot be run, or undefined. */
export function missing(scenario) {
  return absent.get(scenario);
}
