/** What to tell a shopper of an error. */

import { isProblem, NetworkError } from "@markrin/client";
import { t } from "./i18n";

export function said(error: unknown): string {
  if (error instanceof NetworkError) return t("We cannot reach the shop. Check your connection and try again.");
  if (isProblem(error)) {
    if (error.status >= 500) return t("Something went wrong on our side. Please try again in a moment.");
    if (error.status === 429) return t("That was a little too often. Please wait a moment and try again.");
    const known = refusals()[error.code];
    if (known) return known;
    return error.errors.length === 1 && error.errors[0] ? t(error.errors[0].message) : t(error.message);
  }
  return t("Something went wrong. Please try again.");
}

/** Refusals that a shopper can do something about, in the shopper's language. */
const refusals = (): Record<string, string> => ({
  gift_card_unknown: t("There is no such gift card."),
  gift_card_unusable: t("Nothing is left on the gift card, or it has expired."),
  gift_cards_alone: t("Gift cards are bought on their own, and paid online."),
  too_many_gift_cards: t("An order takes at most 5 gift cards."),
});
