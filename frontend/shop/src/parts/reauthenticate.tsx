/** Asks for the password once more where the API wants to be sure who is there, and then goes on. */

import { isProblem } from "@markrin/client";
import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { reauthenticate } from "../api";
import { said } from "../errors";
import { t } from "../i18n";
import { Dialog } from "./dialog";
import { Field, values } from "./field";
import { Notice } from "./notice";

/** A mutation that may need the password: run `mutate`, and show `dialog` somewhere on the page. */
export function useSureMutation<T>(work: (argument: T) => Promise<unknown>, onSuccess: () => void) {
  const [waiting, setWaiting] = useState<{ argument: T } | null>(null);
  const change = useMutation({
    mutationFn: work,
    onSuccess,
    onError: (error, argument) => isProblem(error, "reauthentication_required") && setWaiting({ argument }),
  });
  const prove = useMutation({
    mutationFn: reauthenticate,
    onSuccess: () => {
      setWaiting(null);
      if (waiting) change.mutate(waiting.argument);
    },
  });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    prove.mutate(values(event.currentTarget).password ?? "");
  };
  const dialog = (
    <Dialog open={waiting !== null} onClose={() => setWaiting(null)} title={t("Your password, please")}>
      <form onSubmit={submit}>
        <p>{t("It has been a while since you signed in. Please show that it is you.")}</p>
        {prove.error && <Notice kind="bad">{said(prove.error)}</Notice>}
        <Field label={t("Password")} name="password" type="password" autoComplete="current-password" required />
        <button type="submit" className="button" disabled={prove.isPending}>
          {t("Go on")}
        </button>
      </form>
    </Dialog>
  );
  const error = isProblem(change.error, "reauthentication_required") ? null : change.error;
  return { ...change, error, dialog };
}
