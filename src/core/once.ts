/** Makes the part that belongs to a key once, and keeps it as long as the key lives. Neither may be changed afterwards. */
export function once<Key extends object, Part>(make: (key: Key) => Part): (key: Key) => Part {
  const made = new WeakMap<Key, { readonly part: Part }>();
  return (key) => {
    const known = made.get(key);
    if (known !== undefined) return known.part;
    const part = make(key);
    made.set(key, { part });
    return part;
  };
}
