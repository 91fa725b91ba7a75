/** Letters of other scripts, and digits, that look like the Latin letter behind them in the fonts that clients use. */
const lookalikes = new Map(
  Object.entries({
    a: 'аαɑ',
    b: 'ЬЪвβ',
    c: 'сϲ',
    d: 'ԁ',
    e: 'еεҽ',
    g: 'ɡ',
    h: 'һнη',
    j: 'јϳ',
    k: 'кκ',
    l: '1iІі|ıіӏιl',
    m: 'мμ',
    n: 'пո',
    o: '0оοօσ',
    p: 'рρ',
    q: 'ԛ',
    r: 'гᴦ',
    s: 'ѕ',
    t: 'тτ',
    u: 'υսцʋ',
    v: 'ѵν',
    w: 'ԝωѡ',
    x: 'хχ',
    y: 'уγү',
    z: 'ᴢζ',
    '-': '‐‑‒–—−',
    _: 'ˍ',
  }).flatMap(([latin, others]) =>
    [...others].map((other) => [other.toLowerCase(), latin] as const),
  ),
);

const invisible = /[\s\p{Cc}\p{Cf}\p{Zs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]/gu;

/** What is left of a name when everything that a reader may overlook is taken away: equal skeletons look alike. */
export function skeleton(name: string): string {
  const folded = name.normalize('NFKC').toLowerCase().normalize('NFKC').replace(invisible, '');
  let result = '';
  for (const character of folded) result += lookalikes.get(character) ?? character;
  return result;
}
