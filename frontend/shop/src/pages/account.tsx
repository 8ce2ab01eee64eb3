import { useMutation, useQuery } from "@tanstack/react-query";
import type { FormEvent } from "react";
import { Link, useLocation } from "wouter";
import { keep, profile, resendVerification, saveProfile } from "../api";
import { said } from "../errors";
import { Addresses } from "../parts/addresses";
import { Field, fieldError } from "../parts/field";
import { Notice } from "../parts/notice";
import { Security } from "../parts/security";
import { SignedInOnly } from "../parts/signed-in-only";
import { Bone } from "../parts/skeleton";
import { useToast } from "../parts/toast";
import { shop } from "../shop";
import { useTitle } from "../title";
import type { User } from "../types";

const TABS = { "": "Profile", addresses: "Addresses", security: "Sign-in and devices" };

export function Account({ tab = "" }: { tab?: string }) {
  useTitle("Your account");
  return (
    <SignedInOnly>
      <div className="page narrow">
        <h1>Your account</h1>
        <nav className="tabs" aria-label="Your account">
          {Object.entries(TABS).map(([name, label]) => (
            <Link
              key={name}
              href={name ? `/account/${name}` : "/account"}
              aria-current={name === tab ? "page" : undefined}
            >
              {label}
            </Link>
          ))}
          <Link href="/orders">Orders</Link>
        </nav>
        {tab === "addresses" ? <Addresses /> : tab === "security" ? <Security /> : <Profile />}
      </div>
    </SignedInOnly>
  );
}

function Profile() {
  const { data: user, error } = useQuery(profile());
  const [, go] = useLocation();
  if (error) return <Notice kind="bad">{said(error)}</Notice>;
  if (!user) return <Bone shape="box" />;
  return (
    <>
      <Verified user={user} />
      <ProfileForm user={user} />
      <hr />
      <button
        type="button"
        className="button button-quiet"
        onClick={() => {
          void shop.auth.logout();
          go("/");
        }}
      >
        Sign out
      </button>
    </>
  );
}

function Verified({ user }: { user: User }) {
  const resend = useMutation({ mutationFn: resendVerification });
  if (user.emailVerified && !user.pendingEmail) return null;
  return (
    <Notice>
      <p>
        Please confirm <strong>{user.pendingEmail ?? user.email}</strong> by the link in our e-mail.
      </p>
      {resend.isSuccess ? (
        <p>It is on its way once more.</p>
      ) : (
        <button type="button" className="link" disabled={resend.isPending} onClick={() => resend.mutate()}>
          Send it again
        </button>
      )}
      {resend.error && <p className="error">{said(resend.error)}</p>}
    </Notice>
  );
}

function ProfileForm({ user }: { user: User }) {
  const tell = useToast();
  const save = useMutation({
    mutationFn: saveProfile,
    onSuccess: (now) => {
      keep(profile().queryKey, now);
      tell("Saved.");
    },
  });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const given = new FormData(event.currentTarget);
    const text = (name: string) => String(given.get(name) ?? "").trim();
    const email = text("email");
    save.mutate({
      name: text("name"),
      lastName: text("lastName"),
      phone: text("phone").replace(/[\s()-]/g, "") || null,
      dateOfBirth: text("dateOfBirth") || null,
      gender: text("gender") as User["gender"],
      ...(email !== user.email && { email }),
    });
  };
  const wrong = (name: string) => fieldError(save.error, `/${name}`);
  const named = ["name", "lastName", "email", "phone", "dateOfBirth"].some((name) => wrong(name));
  return (
    <form onSubmit={submit} key={user.email}>
      {save.error && !named && <Notice kind="bad">{said(save.error)}</Notice>}
      <div className="field-pair">
        <Field
          label="First name"
          name="name"
          autoComplete="given-name"
          maxLength={80}
          required
          defaultValue={user.name}
          error={wrong("name")}
        />
        <Field
          label="Last name"
          name="lastName"
          autoComplete="family-name"
          maxLength={80}
          defaultValue={user.lastName}
          error={wrong("lastName")}
        />
      </div>
      <Field
        label="E-mail address"
        name="email"
        type="email"
        autoComplete="email"
        required
        hint="A new address counts once you have confirmed it by the link that we send there."
        defaultValue={user.email}
        error={wrong("email")}
      />
      <div className="field-pair">
        <Field
          label="Telephone"
          name="phone"
          type="tel"
          autoComplete="tel"
          placeholder="+91"
          defaultValue={user.phone ?? ""}
          error={wrong("phone")}
        />
        <Field
          label="Date of birth"
          name="dateOfBirth"
          type="date"
          autoComplete="bday"
          defaultValue={user.dateOfBirth ?? ""}
          error={wrong("dateOfBirth")}
        />
      </div>
      <label className="field">
        Gender
        <select name="gender" autoComplete="sex" defaultValue={user.gender}>
          <option value="">Rather not say</option>
          <option value="female">Female</option>
          <option value="male">Male</option>
          <option value="other">Other</option>
        </select>
      </label>
      <button type="submit" className="button" disabled={save.isPending}>
        Save
      </button>
    </form>
  );
}
