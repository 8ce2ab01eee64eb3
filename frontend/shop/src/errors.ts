/** What to tell a shopper of an error. */

import { isProblem, NetworkError } from "@markrin/client";
import { t } from "./i18n";

export function said(error: unknown): string {
  if (error instanceof NetworkError) return t("We cannot reach the shop. Check your connection and try again.");
  if (isProblem(error)) {
    if (error.status >= 500) return t("Something went wrong on our side. Please try again in a moment.");
    if (error.status === 429) return t("That was a little too often. Please wait a moment and try again.");
    return error.errors.length === 1 && error.errors[0] ? t(error.errors[0].message) : t(error.message);
  }
  return t("Something went wrong. Please try again.");
}
