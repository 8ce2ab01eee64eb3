import { type ReactNode, type RefObject, useId } from "react";
import { t } from "../i18n";

interface Props {
  label: string;
  input: RefObject<HTMLInputElement | null>;
  pending: boolean;
  apply: (code: string) => void;
  children?: ReactNode;
}

/** A code and its button, inside another form: Enter means the code, not yet the order. */
export function CodeInput({ label, input, pending, apply, children }: Props) {
  const id = useId();
  const press = () => {
    const code = input.current?.value.trim();
    if (code) apply(code);
  };
  return (
    <div className="coupon">
      <label htmlFor={id} className="visually-hidden">
        {label}
      </label>
      <input
        ref={input}
        id={id}
        placeholder={label}
        maxLength={100}
        autoComplete="off"
        onKeyDown={(event) => {
          if (event.key !== "Enter") return;
          event.preventDefault();
          press();
        }}
      />
      <button type="button" className="button button-quiet" disabled={pending} onClick={press}>
        {t("Apply")}
      </button>
      {children}
    </div>
  );
}
