/** Sentences in the user's language. English is complete by definition, the others by their type. */

export type Sentences = Readonly<Record<string, string>>;

export type Translate<Key extends string> = (
  key: Key,
  values?: Readonly<Record<string, string | number>>,
) => string;

/**
 * `{name}` in a sentence is replaced by the value of that name. `language` is a BCP 47 tag: 'ko-KR' finds `ko`, and what is
 * not there is English.
 */
export function translator<Key extends string>(
  english: Readonly<Record<Key, string>>,
  others: Readonly<Record<string, Readonly<Record<Key, string>>>>,
  language: string,
): Translate<Key> {
  const tongue = language.toLowerCase().split('-')[0] ?? '';
  const sentences = (Object.hasOwn(others, tongue) ? others[tongue] : undefined) ?? english;
  return (key, values = {}) =>
    sentences[key].replaceAll(/\{(\w+)\}/g, (placeholder, name: string) =>
      String(values[name] ?? placeholder),
    );
}
