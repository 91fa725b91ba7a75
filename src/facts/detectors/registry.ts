import { cardNumberDetector } from './card-number.ts';
import type { Detector } from './detector.ts';
import { emailDetector } from './email.ts';
import { jwtDetector } from './jwt.ts';
import { privateKeyDetector } from './private-key.ts';
import { secretDetectors } from './secrets.ts';

const builtIn: readonly Detector[] = [
  cardNumberDetector,
  emailDetector,
  jwtDetector,
  privateKeyDetector,
  ...secretDetectors,
];

/** The detectors that a class or a prefix of classes names; undefined when nobody here can find it. */
export type Detectors = (dataClass: string) => readonly Detector[] | undefined;

export const detectorsOf: Detectors = (dataClass) => {
  const named = builtIn.filter(
    (detector) => detector.class === dataClass || detector.class.startsWith(`${dataClass}.`),
  );
  return named.length === 0 ? undefined : named;
};
