/** A labelled input with its hint and its error, tied together for everyone. */

import { isProblem } from "@markrin/client";
import { type InputHTMLAttributes, type ReactNode, useId } from "react";

interface Props extends InputHTMLAttributes<HTMLInputElement> {
  label: string;
  hint?: ReactNode;
  error?: string | undefined;
}

export function Field({ label, hint, error, ...input }: Props) {
  const id = useId();
  const said = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(" ");
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <input id={id} {...input} aria-invalid={error ? true : undefined} aria-describedby={said || undefined} />
      {hint && (
        <p className="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
      {error && (
        <p className="error" id={`${id}-error`}>
          {error}
        </p>
      )}
    </div>
  );
}

/** What the API says of one field, such as `/email`. */
export function fieldError(error: unknown, pointer: string): string | undefined {
  return isProblem(error) ? error.field(pointer) : undefined;
}

/** A form's values by the names of its inputs, the empty ones left out. */
export function values(form: HTMLFormElement): Record<string, string> {
  const given = [...new FormData(form)].filter((pair): pair is [string, string] => typeof pair[1] === "string");
  return Object.fromEntries(given.filter(([, value]) => value !== ""));
}
