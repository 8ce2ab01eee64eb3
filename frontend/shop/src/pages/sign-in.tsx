import { isProblem } from "@markrin/client";
import { useMutation } from "@tanstack/react-query";
import type { FormEvent } from "react";
import { Link, Redirect, useSearch } from "wouter";
import { said } from "../errors";
import { Field, fieldError, values } from "../parts/field";
import { Notice } from "../parts/notice";
import { shop, useSession } from "../shop";
import { useTitle } from "../title";

export function SignIn() {
  useTitle("Sign in");
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
      <h1>Welcome back</h1>
      <form onSubmit={submit}>
        {enter.error && (
          <Notice kind="bad">
            {isProblem(enter.error, "invalid_credentials") || isProblem(enter.error, "invalid")
              ? "E-mail and password do not match an account."
              : said(enter.error)}
          </Notice>
        )}
        <Field label="E-mail address" name="email" type="email" autoComplete="username" required />
        <Field label="Password" name="password" type="password" autoComplete="current-password" required />
        <button type="submit" className="button button-wide" disabled={enter.isPending}>
          {enter.isPending ? "Signing in…" : "Sign in"}
        </button>
      </form>
      <p>
        <Link href="/forgot-password">Forgotten your password?</Link>
      </p>
      <p>
        New here? <Link href={`/sign-up${more}`}>Create an account</Link>
      </p>
    </div>
  );
}

export function SignUp() {
  useTitle("Create an account");
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
      <h1>Create an account</h1>
      <form onSubmit={submit}>
        {error && !named && <Notice kind="bad">{said(error)}</Notice>}
        <div className="field-pair">
          <Field
            label="First name"
            name="name"
            autoComplete="given-name"
            maxLength={80}
            required
            error={fieldError(error, "/name")}
          />
          <Field
            label="Last name"
            name="lastName"
            autoComplete="family-name"
            maxLength={80}
            error={fieldError(error, "/lastName")}
          />
        </div>
        <Field
          label="E-mail address"
          name="email"
          type="email"
          autoComplete="email"
          required
          error={fieldError(error, "/email")}
        />
        <Field
          label="Password"
          name="password"
          type="password"
          autoComplete="new-password"
          minLength={8}
          maxLength={128}
          hint="At least 8 characters. A few unusual words are better than one with signs in it."
          required
          error={fieldError(error, "/password")}
        />
        <button type="submit" className="button button-wide" disabled={enter.isPending}>
          {enter.isPending ? "One moment…" : "Create the account"}
        </button>
      </form>
      <p>
        Been here before? <Link href={`/sign-in${more}`}>Sign in</Link>
      </p>
    </div>
  );
}

/** Where to go afterwards: a path of this shop, and nowhere else. */
function useNext(): [string, string] {
  const next = new URLSearchParams(useSearch()).get("next") ?? "";
  const own = /^\/(?![/\\])/.test(next);
  return own ? [next, `?next=${encodeURIComponent(next)}`] : ["/account", ""];
}
