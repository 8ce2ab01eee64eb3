import { isProblem } from "@markrin/client";
import { useMutation } from "@tanstack/react-query";
import type { FormEvent } from "react";
import { Link, Redirect, useSearch } from "wouter";
import { said } from "../errors";
import { rich, t } from "../i18n";
import { Field, fieldError, values } from "../parts/field";
import { Notice } from "../parts/notice";
import { shop, useSession } from "../shop";
import { useTitle } from "../title";

export function SignIn() {
  useTitle(t("Sign in"));
  const [next, more] = useNext();
  const { signedIn } = useSession();
  const enter = useMutation({
    mutationFn: ({ email = "", password = "" }: Record<string, string>) => shop.auth.login({ email, password }),
  });
  if (signedIn) return <Redirect to={next} replace />;
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    enter.mutate(values(event.currentTarget));
  };
  return (
    <div className="page form-page">
      <h1>{t("Welcome back")}</h1>
      <form onSubmit={submit}>
        {enter.error && (
          <Notice kind="bad">
            {isProblem(enter.error, "invalid_credentials") || isProblem(enter.error, "invalid")
              ? t("E-mail and password do not match an account.")
              : said(enter.error)}
          </Notice>
        )}
        <Field label={t("E-mail address")} name="email" type="email" autoComplete="username" required />
        <Field label={t("Password")} name="password" type="password" autoComplete="current-password" required />
        <button type="submit" className="button button-wide" disabled={enter.isPending}>
          {enter.isPending ? t("Signing in…") : t("Sign in")}
        </button>
      </form>
      <p>
        <Link href="/forgot-password">{t("Forgotten your password?")}</Link>
      </p>
      <p>{rich("New here? {link}", { link: <Link href={`/sign-up${more}`}>{t("Create an account")}</Link> })}</p>
    </div>
  );
}

export function SignUp() {
  useTitle(t("Create an account"));
  const [next, more] = useNext();
  const { signedIn } = useSession();
  const enter = useMutation({
    mutationFn: ({ name = "", lastName, email = "", password = "" }: Record<string, string>) =>
      shop.auth.register({ name, ...(lastName && { lastName }), email, password }),
  });
  if (signedIn) return <Redirect to={next} replace />;
  const { error } = enter;
  const named = ["/name", "/lastName", "/email", "/password"].some((pointer) => fieldError(error, pointer));
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    enter.mutate(values(event.currentTarget));
  };
  return (
    <div className="page form-page">
      <h1>{t("Create an account")}</h1>
      <form onSubmit={submit}>
        {error && !named && <Notice kind="bad">{said(error)}</Notice>}
        <div className="field-pair">
          <Field
            label={t("First name")}
            name="name"
            autoComplete="given-name"
            maxLength={80}
            required
            error={fieldError(error, "/name")}
          />
          <Field
            label={t("Last name")}
            name="lastName"
            autoComplete="family-name"
            maxLength={80}
            error={fieldError(error, "/lastName")}
          />
        </div>
        <Field
          label={t("E-mail address")}
          name="email"
          type="email"
          autoComplete="email"
          required
          error={fieldError(error, "/email")}
        />
        <Field
          label={t("Password")}
          name="password"
          type="password"
          autoComplete="new-password"
          minLength={8}
          maxLength={128}
          hint={t("At least 8 characters. A few unusual words are better than one with signs in it.")}
          required
          error={fieldError(error, "/password")}
        />
        <button type="submit" className="button button-wide" disabled={enter.isPending}>
          {enter.isPending ? t("One moment…") : t("Create the account")}
        </button>
      </form>
      <p>{rich("Been here before? {link}", { link: <Link href={`/sign-in${more}`}>{t("Sign in")}</Link> })}</p>
    </div>
  );
}

/** Where to go afterwards: a path of this shop, and nowhere else. */
function useNext(): [string, string] {
  const next = new URLSearchParams(useSearch()).get("next") ?? "";
  const own = /^\/(?![/\\])/.test(next);
  return own ? [next, `?next=${encodeURIComponent(next)}`] : ["/account", ""];
}
