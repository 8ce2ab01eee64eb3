import { isProblem } from "@markrin/client";
import { useMutation } from "@tanstack/react-query";
import { useRef } from "react";
import { addGiftCard, removeGiftCard, spendStoreCredit } from "../api";
import { said } from "../errors";
import { money } from "../format";
import { t } from "../i18n";
import type { Cart } from "../types";
import { CodeInput } from "./code-input";

/** Gift cards and store credit to pay with. It stands inside the checkout's form, so it is no form of its own. */
export function GiftCardForm({ cart }: { cart: Cart }) {
  const input = useRef<HTMLInputElement>(null);
  const add = useMutation({
    mutationFn: addGiftCard,
    onSuccess: () => {
      if (input.current) input.current.value = "";
    },
  });
  const remove = useMutation({ mutationFn: removeGiftCard });
  const credit = useMutation({ mutationFn: spendStoreCredit });
  const { currency } = cart.quote;
  const error = add.error ?? remove.error ?? credit.error;
  return (
    <>
      {cart.storeCredit && (
        <label className="coupon">
          <input
            type="checkbox"
            checked={cart.storeCredit.used}
            disabled={credit.isPending}
            onChange={(event) => credit.mutate(event.target.checked)}
          />{" "}
          {t("Pay with store credit: {amount}", { amount: money(cart.storeCredit.balance, currency) })}
        </label>
      )}
      {cart.giftCards.map(({ id, last4, balance }) => (
        <p key={id} className="coupon good">
          <span>{t("Gift card …{last4}: {amount} left", { last4, amount: money(balance, currency) })}</span>
          <button type="button" className="link" disabled={remove.isPending} onClick={() => remove.mutate(id)}>
            {t("Remove")}
          </button>
        </p>
      ))}
      <CodeInput label={t("Gift card code")} input={input} pending={add.isPending} apply={(code) => add.mutate(code)}>
        {error && (
          <p className="error" role="alert">
            {isProblem(error, "invalid") ? t("There is no such gift card.") : said(error)}
          </p>
        )}
      </CodeInput>
    </>
  );
}
