import { useMutation, useQuery } from "@tanstack/react-query";
import type { FormEvent } from "react";
import { Link, useLocation } from "wouter";
import { keep, profile, resendVerification, saveProfile } from "../api";
import { said } from "../errors";
import { rich, t } from "../i18n";
import { Addresses } from "../parts/addresses";
import { Field, fieldError } from "../parts/field";
import { Notice } from "../parts/notice";
import { PersonalData } from "../parts/personal-data";
import { Security } from "../parts/security";
import { SignedInOnly } from "../parts/signed-in-only";
import { Bone } from "../parts/skeleton";
import { StoreCredit } from "../parts/store-credit";
import { useToast } from "../parts/toast";
import { Trouble } from "../parts/trouble";
import { shop } from "../shop";
import { useTitle } from "../title";
import type { User } from "../types";

const tabs = () => ({
  "": t("Profile"),
  addresses: t("Addresses"),
  security: t("Sign-in and devices"),
  credit: t("Store credit"),
  data: t("Your data"),
});

export function Account({ tab = "" }: { tab?: string }) {
  useTitle(t("Your account"));
  return (
    <SignedInOnly>
      <div className="page narrow">
        <h1>{t("Your account")}</h1>
        <nav className="tabs" aria-label={t("Your account")}>
          {Object.entries(tabs()).map(([name, label]) => (
            <Link
              key={name}
              href={name ? `/account/${name}` : "/account"}
              aria-current={name === tab ? "page" : undefined}
            >
              {label}
            </Link>
          ))}
          <Link href="/orders">{t("Orders")}</Link>
        </nav>
        <Tab tab={tab} />
      </div>
    </SignedInOnly>
  );
}

function Tab({ tab }: { tab: string }) {
  if (tab === "addresses") return <Addresses />;
  if (tab === "security") return <Security />;
  if (tab === "credit") return <StoreCredit />;
  if (tab === "data") return <PersonalData />;
  return <Profile />;
}

function Profile() {
  const { data: user, error, refetch } = useQuery(profile());
  const [, go] = useLocation();
  if (error) return <Trouble error={error} retry={refetch} />;
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
        {t("Sign out")}
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
        {rich("Please confirm {email} by the link in our e-mail.", {
          email: <strong>{user.pendingEmail ?? user.email}</strong>,
        })}
      </p>
      {resend.isSuccess ? (
        <p>{t("It is on its way once more.")}</p>
      ) : (
        <button type="button" className="link" disabled={resend.isPending} onClick={() => resend.mutate()}>
          {t("Send it again")}
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
      tell(t("Saved."));
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
          label={t("First name")}
          name="name"
          autoComplete="given-name"
          maxLength={80}
          required
          defaultValue={user.name}
          error={wrong("name")}
        />
        <Field
          label={t("Last name")}
          name="lastName"
          autoComplete="family-name"
          maxLength={80}
          defaultValue={user.lastName}
          error={wrong("lastName")}
        />
      </div>
      <Field
        label={t("E-mail address")}
        name="email"
        type="email"
        autoComplete="email"
        required
        hint={t("A new address counts once you have confirmed it by the link that we send there.")}
        defaultValue={user.email}
        error={wrong("email")}
      />
      <div className="field-pair">
        <Field
          label={t("Telephone")}
          name="phone"
          type="tel"
          autoComplete="tel"
          placeholder="+91"
          defaultValue={user.phone ?? ""}
          error={wrong("phone")}
        />
        <Field
          label={t("Date of birth")}
          name="dateOfBirth"
          type="date"
          autoComplete="bday"
          defaultValue={user.dateOfBirth ?? ""}
          error={wrong("dateOfBirth")}
        />
      </div>
      <label className="field">
        {t("Gender")}
        <select name="gender" autoComplete="sex" defaultValue={user.gender}>
          <option value="">{t("Rather not say")}</option>
          <option value="female">{t("Female")}</option>
          <option value="male">{t("Male")}</option>
          <option value="other">{t("Other")}</option>
        </select>
      </label>
      <button type="submit" className="button" disabled={save.isPending}>
        {t("Save")}
      </button>
    </form>
  );
}
