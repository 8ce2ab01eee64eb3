/** What is left on a gift card. */

import { isProblem } from "@markrin/client";
import { useMutation } from "@tanstack/react-query";
import type { FormEvent } from "react";
import { Link } from "wouter";
import { giftCardBalance } from "../api";
import { said } from "../errors";
import { day, money } from "../format";
import { t } from "../i18n";
import { Field } from "../parts/field";
import { Notice } from "../parts/notice";
import { useTitle } from "../title";

export function GiftCards() {
  useTitle(t("Gift cards"));
  const ask = useMutation({ mutationFn: giftCardBalance });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const code = String(new FormData(event.currentTarget).get("code") ?? "").trim();
    if (code) ask.mutate(code);
  };
  return (
    <div className="page form-page">
      <h1>{t("Gift cards")}</h1>
      <p>{t("See what is left on a gift card. You pay with it at the checkout.")}</p>
      <form onSubmit={submit}>
        <Field label={t("Gift card code")} name="code" autoComplete="off" maxLength={100} required />
        <button type="submit" className="button" disabled={ask.isPending}>
          {t("See what is left")}
        </button>
      </form>
      <div role="status">
        {ask.data && (
          <Notice>
            <p>
              {t("Gift card …{last4}: {amount} left", {
                last4: ask.data.last4,
                amount: money(ask.data.balance, ask.data.currency),
              })}
            </p>
            {ask.data.expiresAt && <p>{t("It is good until {day}.", { day: day(ask.data.expiresAt) })}</p>}
            {!ask.data.usable && <p>{t("It cannot be used any more.")}</p>}
          </Notice>
        )}
      </div>
      {ask.error && (
        <Notice kind="bad">
          <p>{isProblem(ask.error, "invalid") ? t("There is no such gift card.") : said(ask.error)}</p>
        </Notice>
      )}
      <p className="buy-card">
        <Link href="/shop?search=gift+card">{t("Buy a gift card")}</Link>
      </p>
    </div>
  );
}
