/** Differences that are meant: what a gate does differently on purpose, and why. */
const excuses = [
  {
    targets: /./,
    scenarios: /^server-sse-polling$/,
    checks: /./,
    why: 'a stream that a server ends early is resumed by the gate; its own client keeps the stream of the call to the end',
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
