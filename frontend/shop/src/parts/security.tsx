/** Where one is signed in, and the password. */

import { useMutation, useQuery } from "@tanstack/react-query";
import type { FormEvent } from "react";
import { endSession, refresh, sessions } from "../api";
import { said } from "../errors";
import { moment } from "../format";
import { t } from "../i18n";
import { shop } from "../shop";
import { Field, fieldError, values } from "./field";
import { Notice } from "./notice";
import { useSureMutation } from "./reauthenticate";
import { Bone } from "./skeleton";
import { useToast } from "./toast";

export function Security() {
  const { data, error } = useQuery(sessions());
  const changed = () => void refresh(sessions().queryKey);
  const end = useSureMutation(endSession, changed);
  const everywhere = useSureMutation(() => shop.auth.logoutEverywhere(), changed);
  const trouble = error ?? end.error ?? everywhere.error;
  return (
    <>
      <h2>{t("Where you are signed in")}</h2>
      {trouble && <Notice kind="bad">{said(trouble)}</Notice>}
      {!data && !error && <Bone shape="box" />}
      <ul className="session-list">
        {data?.items.map((session) => (
          <li key={session.id}>
            <span>
              <strong>{session.label || t("A device")}</strong>{" "}
              {session.current && <span className="tag">{t("this one")}</span>}
              <br />
              <span className="hint">
                {session.ip} · {t("last seen {when}", { when: moment(session.lastSeenAt) })}
              </span>
            </span>
            {!session.current && (
              <button
                type="button"
                className="button button-quiet"
                disabled={end.isPending}
                onClick={() => end.mutate(session.id)}
              >
                {t("Sign out")}
                <span className="visually-hidden"> {session.label}</span>
              </button>
            )}
          </li>
        ))}
      </ul>
      <button
        type="button"
        className="button button-quiet"
        disabled={everywhere.isPending}
        onClick={() => everywhere.mutate(undefined)}
      >
        {t("Sign out everywhere")}
      </button>
      {end.dialog}
      {everywhere.dialog}
      <hr />
      <ChangePassword />
    </>
  );
}

function ChangePassword() {
  const tell = useToast();
  const change = useMutation({
    mutationFn: ({ currentPassword = "", newPassword = "" }: Record<string, string>) =>
      shop.auth.changePassword({ currentPassword, newPassword }),
    onSuccess: () => tell(t("Your password is changed. All other devices are signed out.")),
  });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    change.mutate(values(form), { onSuccess: () => form.reset() });
  };
  const { error } = change;
  const named = fieldError(error, "/currentPassword") ?? fieldError(error, "/newPassword");
  return (
    <form onSubmit={submit}>
      <h2>{t("Change your password")}</h2>
      {error && !named && <Notice kind="bad">{said(error)}</Notice>}
      <Field
        label={t("Current password")}
        name="currentPassword"
        type="password"
        autoComplete="current-password"
        required
        error={fieldError(error, "/currentPassword")}
      />
      <Field
        label={t("New password")}
        name="newPassword"
        type="password"
        autoComplete="new-password"
        minLength={8}
        maxLength={128}
        required
        error={fieldError(error, "/newPassword")}
      />
      <button type="submit" className="button" disabled={change.isPending}>
        {t("Change it")}
      </button>
    </form>
  );
}
