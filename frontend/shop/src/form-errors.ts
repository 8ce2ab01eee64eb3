/** What is wrong in a form, all of it at once: what the browser finds before it is sent, and what the API finds after. */

import { isProblem } from "@markrin/client";
import { t } from "./i18n";

export interface FormError {
  /** The input that it is about. */
  name: string;
  message: string;
}

/** Whatever in this form keeps it from being sent, in the order of its inputs. */
export function invalidInputs(form: HTMLFormElement): FormError[] {
  const inputs = [...form.elements].filter(
    (element): element is HTMLInputElement => element instanceof HTMLInputElement,
  );
  return inputs
    .filter((input) => input.willValidate && !input.validity.valid)
    .map((input) => ({ name: input.name, message: messageFor(input) }));
}

function messageFor(input: HTMLInputElement): string {
  const label = input.labels?.[0]?.firstChild?.textContent ?? input.name;
  if (input.validity.valueMissing) return t("{field} is missing.", { field: label });
  if (input.validity.typeMismatch && input.type === "email") {
    return t("This is no e-mail address. It looks like name@example.com.");
  }
  return input.title || t("{field} does not look right.", { field: label });
}

/** What the API refused, by input: the last word of "/shippingAddress/postalCode" is the input's name. */
export function refusedInputs(error: unknown, form: HTMLFormElement | null): FormError[] {
  if (!isProblem(error) || !form) return [];
  return error.errors
    .map(({ pointer = "", message }) => ({ name: pointer.split("/").pop() ?? "", message: t(message) }))
    .filter(({ name }) => form.elements.namedItem(name));
}

export const byName = (errors: readonly FormError[]): Record<string, string> =>
  Object.fromEntries(errors.map(({ name, message }) => [name, message]));

/** Puts the keyboard into an input of the form. */
export function focusInput(form: HTMLFormElement | null, name: string): void {
  const found = form?.elements.namedItem(name);
  const input = found instanceof RadioNodeList ? found[0] : found;
  if (input instanceof HTMLElement) input.focus();
}
