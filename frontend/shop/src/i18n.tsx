/**
 * The shop's words in the shopper's language, as gettext does it: the English text is the key, and what a dictionary
 * lacks is shown in English. `test/dictionaries.test.ts` holds that none lacks anything.
 *
 * No library: English must cost nothing on the first visit, and the smallest one costs more than this file.
 */

import { Fragment, type ReactNode } from "react";

type Values = Record<string, string | number>;
/** A message, or its forms by what Intl.PluralRules says of the number. */
type Dictionary = Record<string, string | Partial<Record<Intl.LDMLPluralRule, string>>>;

const DICTIONARIES = import.meta.glob<{ default: Dictionary }>("./locales/*.json");
const RIGHT_TO_LEFT = new Set(["ar", "fa", "he", "ur"]);
/** Languages as they call themselves; those that have a dictionary, and English. */
export const LANGUAGE_NAMES: Record<string, string> = { ar: "العربية", en: "English", hi: "हिन्दी" };

let dictionary: Dictionary = {};
let language = "en";

/** Loads the words of a language. One that has no dictionary is shown in English. */
export async function setLanguage(code: string): Promise<void> {
  const load = DICTIONARIES[`./locales/${code}.json`];
  dictionary = load ? (await load()).default : {};
  language = load ? code : "en";
  document.documentElement.lang = language;
  document.documentElement.dir = RIGHT_TO_LEFT.has(language) ? "rtl" : "ltr";
}

/** The locale that numbers and dates are written in: India's ways where the language is spoken there. */
export function locale(): string {
  if (language === "ar") return "ar-u-nu-latn"; // one kind of digits on a page: sizes and numbers have Latin ones
  return `${language}-IN`;
}

/** The text in the shopper's language, its `{names}` replaced. */
export function t(text: string, values?: Values): string {
  const found = dictionary[text];
  return fill(typeof found === "string" ? found : text, values);
}

/** A text that depends on a number, which `{count}` shows: `tn(3, "{count} piece", "{count} pieces")`. */
export function tn(count: number, one: string, many: string, values?: Values): string {
  const found = dictionary[one];
  const forms = typeof found === "object" ? found : { one, other: many };
  const form = forms[new Intl.PluralRules(language).select(count)] ?? forms.other ?? many;
  return fill(form, { ...values, count: count.toLocaleString(locale()) });
}

/** As `t`, with elements in the place of names: `rich("New here? {link}", { link: <a …> })`. */
export function rich(text: string, values: Record<string, ReactNode>): ReactNode {
  return t(text)
    .split(/\{(\w+)\}/)
    .map((piece, at) => {
      // biome-ignore lint/suspicious/noArrayIndexKey: a text's pieces do not move
      return <Fragment key={at}>{at % 2 ? values[piece] : piece}</Fragment>;
    });
}

function fill(text: string, values: Values = {}): string {
  return text.replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));
}
