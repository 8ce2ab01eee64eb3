/** Getting back in, and proving that an address is one's own. */

import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useEffect, useRef, useState } from "react";
import { Link } from "wouter";
import { forgotPassword, profile, refresh, resetPassword, verifyEmail } from "../api";
import { said } from "../errors";
import { t } from "../i18n";
import { Field, fieldError, values } from "../parts/field";
import { Notice } from "../parts/notice";
import { PageSkeleton } from "../parts/skeleton";
import { useTitle } from "../title";

export function ForgotPassword() {
  useTitle(t("Forgotten password"));
  const ask = useMutation({ mutationFn: forgotPassword });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    ask.mutate(values(event.currentTarget).email ?? "");
  };
  return (
    <div className="page form-page">
      <h1>{t("Forgotten your password?")}</h1>
      {ask.isSuccess ? (
        <Notice kind="good">
          {t("If there is an account with that address, a link is on its way to it. It works for half an hour.")}
        </Notice>
      ) : (
        <form onSubmit={submit}>
          <p>{t("Tell us your address, and we send you a link to choose a new one.")}</p>
          {ask.error && <Notice kind="bad">{said(ask.error)}</Notice>}
          <Field label={t("E-mail address")} name="email" type="email" autoComplete="username" required />
          <button type="submit" className="button button-wide" disabled={ask.isPending}>
            {t("Send the link")}
          </button>
        </form>
      )}
      <p>
        <Link href="/sign-in">{t("Back to sign in")}</Link>
      </p>
    </div>
  );
}

export function ResetPassword() {
  useTitle(t("A new password"));
  const token = useToken();
  const reset = useMutation({ mutationFn: (password: string) => resetPassword(token, password) });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    reset.mutate(values(event.currentTarget).password ?? "");
  };
  if (reset.isSuccess) {
    return (
      <div className="page form-page">
        <h1>{t("That is done")}</h1>
        <Notice kind="good">{t("Your new password holds. For safety you were signed out everywhere.")}</Notice>
        <Link href="/sign-in" className="button button-wide">
          {t("Sign in")}
        </Link>
      </div>
    );
  }
  const wrong = fieldError(reset.error, "/newPassword");
  return (
    <div className="page form-page">
      <h1>{t("Choose a new password")}</h1>
      {!token && <Notice kind="bad">{t("This link is not complete. Open it from the e-mail once more.")}</Notice>}
      <form onSubmit={submit}>
        {reset.error && !wrong && (
          <Notice kind="bad">
            {said(reset.error)} <Link href="/forgot-password">{t("Ask for a new link")}</Link>
          </Notice>
        )}
        <Field
          label={t("New password")}
          name="password"
          type="password"
          autoComplete="new-password"
          minLength={8}
          maxLength={128}
          hint={t("At least 8 characters.")}
          required
          error={wrong}
        />
        <button type="submit" className="button button-wide" disabled={reset.isPending || !token}>
          {t("Save it")}
        </button>
      </form>
    </div>
  );
}

export function VerifyEmail() {
  useTitle(t("Your e-mail address"));
  const token = useToken();
  const verify = useMutation({
    mutationFn: verifyEmail,
    onSuccess: () => refresh(profile().queryKey),
  });
  const begun = useRef(false);
  const { mutate } = verify;
  useEffect(() => {
    if (begun.current || !token) return; // a token works once, and an effect may run twice
    begun.current = true;
    mutate(token);
  }, [token, mutate]);
  if (token && !verify.error && !verify.isSuccess) return <PageSkeleton />;
  return (
    <div className="page form-page">
      <h1>{t("Your e-mail address")}</h1>
      {verify.isSuccess ? (
        <Notice kind="good">{t("Thank you, the address is confirmed.")}</Notice>
      ) : (
        <Notice kind="bad">{token ? said(verify.error) : t("This link is not complete.")}</Notice>
      )}
      <Link href="/account" className="button button-wide">
        {t("To your account")}
      </Link>
    </div>
  );
}

/** The token behind the address's #, which no server and no log sees; it is taken off the address at once. */
function useToken(): string {
  const [token] = useState(() => new URLSearchParams(location.hash.slice(1)).get("token") ?? "");
  useEffect(() => {
    if (location.hash) history.replaceState(history.state, "", location.pathname);
  }, []);
  return token;
}
