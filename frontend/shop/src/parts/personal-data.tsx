/** What the shop knows of a customer: to take along, and to have forgotten. */

import { type FormEvent, useState } from "react";
import { eraseAccount, exportAccount } from "../api";
import { said } from "../errors";
import { rich, t } from "../i18n";
import { saveFile } from "../save-file";
import { shop } from "../shop";
import { Dialog } from "./dialog";
import { Field, values } from "./field";
import { Notice } from "./notice";
import { useSureMutation } from "./reauthenticate";

export function PersonalData() {
  const take = useSureMutation(
    async () => {
      const data = await exportAccount();
      saveFile(new Blob([JSON.stringify(data, null, 2)], { type: "application/json" }), "my-data.json");
    },
    () => undefined,
  );
  return (
    <>
      <section>
        <h2>{t("A copy of your data")}</h2>
        <p>{t("Everything that we know about you, your orders included, in one file (JSON).")}</p>
        {take.error && <Notice kind="bad">{said(take.error)}</Notice>}
        {take.dialog}
        <button
          type="button"
          className="button button-quiet"
          disabled={take.isPending}
          onClick={() => take.mutate(undefined)}
        >
          {t("Download it")}
        </button>
      </section>
      <hr />
      <EraseAccount />
    </>
  );
}

function EraseAccount() {
  const [asking, setAsking] = useState(false);
  const [mistyped, setMistyped] = useState(false);
  // The server has ended the session with the account: what is left of it here goes as well.
  const erase = useSureMutation(eraseAccount, () => shop.auth.logout());
  const word = t("DELETE");
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const right = values(event.currentTarget).word?.trim() === word;
    setMistyped(!right);
    if (!right) return;
    setAsking(false);
    erase.mutate(undefined);
  };
  return (
    <section>
      <h2>{t("Delete your account")}</h2>
      <p>
        {t(
          "Your name, addresses, wishlist and sign-ins are erased. Invoices are kept as long as the law wants, and nothing else.",
        )}
      </p>
      {erase.error && <Notice kind="bad">{said(erase.error)}</Notice>}
      <button type="button" className="button button-quiet" disabled={erase.isPending} onClick={() => setAsking(true)}>
        {t("Delete my account")}
      </button>
      <Dialog open={asking} onClose={() => setAsking(false)} title={t("Delete your account?")}>
        <form onSubmit={submit}>
          <p>{rich("This cannot be undone. Type {word} to go on.", { word: <strong>{word}</strong> })}</p>
          <Field
            label={t("To be sure")}
            name="word"
            autoComplete="off"
            required
            error={mistyped ? t("That is not the word.") : undefined}
          />
          <p className="actions">
            <button type="submit" className="button button-bad">
              {t("Delete it for good")}
            </button>
            <button type="button" className="button button-quiet" onClick={() => setAsking(false)}>
              {t("Keep it")}
            </button>
          </p>
        </form>
      </Dialog>
      {erase.dialog}
    </section>
  );
}
