/** An order of a guest's, found by its number and the address of its mails. */

import { isProblem } from "@markrin/client";
import { useMutation } from "@tanstack/react-query";
import type { FormEvent } from "react";
import { useLocation } from "wouter";
import { lookUpOrder } from "../api";
import { said } from "../errors";
import { t } from "../i18n";
import { keepOrderKey } from "../order-keys";
import { Field, values } from "../parts/field";
import { Notice } from "../parts/notice";
import { useTitle } from "../title";

export function FindOrder() {
  useTitle(t("Find your order"));
  const [, go] = useLocation();
  const look = useMutation({
    mutationFn: lookUpOrder,
    onSuccess: ({ id, orderToken }) => {
      keepOrderKey(id, orderToken);
      go(`/orders/${id}`);
    },
  });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const { number = "", email = "" } = values(event.currentTarget);
    look.mutate({ number: number.trim(), email: email.trim() });
  };
  const unknown = isProblem(look.error) && look.error.status === 404;
  return (
    <div className="page form-page">
      <h1>{t("Find your order")}</h1>
      <p>{t("The number is in every e-mail about the order. No account is needed.")}</p>
      <form onSubmit={submit}>
        {look.error && (
          <Notice kind="bad">
            {unknown ? t("There is no order with this number and address. Check both.") : said(look.error)}
          </Notice>
        )}
        <Field label={t("Order number")} name="number" placeholder="MK-2026-000123" autoComplete="off" required />
        <Field label={t("E-mail address")} name="email" type="email" autoComplete="email" required />
        <button type="submit" className="button button-wide" disabled={look.isPending}>
          {t("Show the order")}
        </button>
      </form>
    </div>
  );
}
