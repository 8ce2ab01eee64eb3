/** A labelled input with its hint and its error, tied together for everyone. */

import { isProblem } from "@markrin/client";
import { createContext, type InputHTMLAttributes, type ReactNode, useContext, useId } from "react";
import { t } from "../i18n";

interface Props extends InputHTMLAttributes<HTMLInputElement> {
  label: string;
  hint?: ReactNode;
  error?: string | undefined;
}

/** What is wrong in a form, by the inputs' names, and what its inputs begin with. */
export interface FormState {
  errors: Readonly<Record<string, string>>;
  kept: Readonly<Record<string, string>>;
}

export const FormContext = createContext<FormState>({ errors: {}, kept: {} });

export function Field({ label, hint, error, ...input }: Props) {
  const id = useId();
  const form = useContext(FormContext);
  const name = input.name ?? "";
  const wrong = form.errors[name] ?? error;
  const described = [hint && `${id}-hint`, wrong && `${id}-error`].filter(Boolean).join(" ");
  return (
    <div className="field">
      <label htmlFor={id}>
        {label}
        {!input.required && input.type !== "search" && <span className="optional"> {t("(optional)")}</span>}
      </label>
      <input
        id={id}
        {...input}
        defaultValue={input.value === undefined ? (form.kept[name] ?? input.defaultValue) : undefined}
        aria-invalid={wrong ? true : undefined}
        aria-describedby={described || undefined}
      />
      {hint && (
        <p className="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
      {wrong && (
        <p className="error" id={`${id}-error`}>
          {wrong}
        </p>
      )}
    </div>
  );
}

/** What the API says of one field, such as `/email`. */
export function fieldError(error: unknown, pointer: string): string | undefined {
  const message = isProblem(error) ? error.field(pointer) : undefined;
  return message && t(message);
}

/** A form's values by the names of its inputs, the empty ones left out. */
export function values(form: HTMLFormElement): Record<string, string> {
  const given = [...new FormData(form)].filter((pair): pair is [string, string] => typeof pair[1] === "string");
  return Object.fromEntries(given.filter(([, value]) => value !== ""));
}
