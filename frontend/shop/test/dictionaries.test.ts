import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { LANGUAGE_NAMES } from "../src/i18n";
import { namesIn, readMessages } from "./messages";

const FOLDER = new URL("../src/locales/", import.meta.url).pathname;
const messages = readMessages();

const languages = readdirSync(FOLDER).map((file) => file.replace(".json", ""));

it("finds the storefront's texts", () => {
  expect(messages.length).toBeGreaterThan(350);
  expect(messages).toContainEqual({ text: "Add to bag" });
  expect(messages).toContainEqual({ text: "{count} piece", many: "{count} pieces" });
  expect(messages).toContainEqual({ text: "{name} is on your wishlist." }); // one side of a condition
});

it("knows how each language calls itself", () => {
  expect(Object.keys(LANGUAGE_NAMES).sort()).toEqual([...languages, "en"].sort());
});

describe.each(languages)("the dictionary of %s", (language) => {
  const dictionary = JSON.parse(readFileSync(`${FOLDER}${language}.json`, "utf8"));

  it("has every text, and none that is not shown", () => {
    expect(Object.keys(dictionary).sort()).toEqual(messages.map(({ text }) => text).sort());
  });

  it("keeps the names in braces", () => {
    for (const { text, many } of messages) {
      if (!many) expect(namesIn(dictionary[text]), text).toEqual(namesIn(text));
      // A form for one piece may say it in a word.
      else
        for (const form of Object.values<string>(dictionary[text]))
          expect([[], ["count"]]).toContainEqual(namesIn(form));
    }
  });

  it("has the forms of numbers that the language has", () => {
    const forms = new Intl.PluralRules(language).resolvedOptions().pluralCategories;
    for (const { text, many } of messages) {
      if (many) expect(Object.keys(dictionary[text]).sort(), text).toEqual([...forms].sort());
    }
  });
});
