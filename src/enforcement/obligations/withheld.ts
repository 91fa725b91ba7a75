/** Thrown inside this room only: the result as a whole cannot be given to anybody, and why. */
export class Withheld extends Error {}
