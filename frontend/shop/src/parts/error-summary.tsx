/** All that is wrong in a form, above it, each a way to its input (the GOV.UK Design System's error summary). */

import { type RefObject, useEffect, useRef } from "react";
import { type FormError, focusInput } from "../form-errors";
import { t, tn } from "../i18n";

interface Props {
  errors: readonly FormError[];
  /** How often the form was sent: each time the keyboard goes to what is wrong, and stays away while it is mended. */
  attempts: number;
  form: RefObject<HTMLFormElement | null>;
}

export function ErrorSummary({ errors, attempts, form }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const focused = useRef(0);
  useEffect(() => {
    if (!errors.length || focused.current === attempts) return;
    focused.current = attempts;
    box.current?.focus();
  }, [errors, attempts]);
  if (!errors.length) return null;
  return (
    <div className="notice notice-bad" role="alert" tabIndex={-1} ref={box} aria-label={t("What is wrong")}>
      <h2>{tn(errors.length, "{count} thing is missing or wrong", "{count} things are missing or wrong")}</h2>
      <ul>
        {errors.map(({ name, message }) => (
          <li key={name}>
            <button type="button" className="link" onClick={() => focusInput(form.current, name)}>
              {message}
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}
