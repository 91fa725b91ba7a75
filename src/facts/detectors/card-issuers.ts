/** The leading digits of the cards that are issued, from and to, and how many digits such a card may have. */
const issuers: readonly (readonly [from: string, to: string, lengths: readonly number[]])[] = [
  // American Express
  ['34', '34', [15]],
  ['37', '37', [15]],
  // Diners Club
  ['300', '305', [14, 15, 16, 17, 18, 19]],
  ['3095', '3095', [14, 15, 16, 17, 18, 19]],
  ['36', '36', [14, 15, 16, 17, 18, 19]],
  ['38', '39', [14, 15, 16, 17, 18, 19]],
  // Discover
  ['6011', '6011', [16, 17, 18, 19]],
  ['644', '649', [16, 17, 18, 19]],
  ['65', '65', [16, 17, 18, 19]],
  // JCB
  ['3528', '3589', [16, 17, 18, 19]],
  // Maestro
  ['50', '50', [16, 17, 18, 19]],
  ['56', '58', [16, 17, 18, 19]],
  ['6304', '6304', [16, 17, 18, 19]],
  ['6759', '6763', [16, 17, 18, 19]],
  // Mastercard
  ['51', '55', [16]],
  ['2221', '2720', [16]],
  // Mir
  ['2200', '2204', [16, 17, 18, 19]],
  // RuPay
  ['60', '60', [16]],
  ['81', '82', [16, 17, 18, 19]],
  // Troy
  ['9792', '9792', [16]],
  // UnionPay
  ['62', '62', [16, 17, 18, 19]],
  // Visa
  ['4', '4', [13, 16, 19]],
];

/** Whether somebody issues cards that begin and are as long as these digits. */
export function isIssued(digits: string): boolean {
  return issuers.some(([from, to, lengths]) => {
    const prefix = digits.slice(0, from.length);
    return from <= prefix && prefix <= to && lengths.includes(digits.length);
  });
}
