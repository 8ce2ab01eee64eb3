import { isProblem } from "@markrin/client";
import { useMutation } from "@tanstack/react-query";
import { useId, useRef } from "react";
import { putCoupon, removeCoupon } from "../api";
import { said } from "../errors";
import { rich, t } from "../i18n";
import type { Cart } from "../types";

const reasons = (): Record<string, string> => ({
  coupon_minimum_spend: t("Your bag is still below what it asks for."),
  coupon_not_now: t("It is not valid at this time."),
  coupon_exhausted: t("It has been used up."),
  coupon_used_up: t("You have used it already."),
});

/** A coupon for the bag. It stands inside the checkout's form, so it is no form of its own. */
export function CouponForm({ cart }: { cart: Cart }) {
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  const put = useMutation({ mutationFn: putCoupon });
  const remove = useMutation({ mutationFn: removeCoupon });
  if (cart.coupon) {
    const { code, applied, reason } = cart.coupon;
    return (
      <p className={applied ? "coupon good" : "coupon"}>
        <span>
          {rich(applied ? "Coupon {code} applied." : "Coupon {code} does not apply.", {
            code: <strong>{code}</strong>,
          })}{" "}
          {!applied && reasons()[reason ?? ""]}
        </span>
        <button type="button" className="link" disabled={remove.isPending} onClick={() => remove.mutate()}>
          {t("Remove")}
        </button>
      </p>
    );
  }
  const apply = () => {
    const code = input.current?.value.trim();
    if (code) put.mutate(code);
  };
  return (
    <div className="coupon">
      <label htmlFor={id} className="visually-hidden">
        {t("Coupon code")}
      </label>
      <input
        ref={input}
        id={id}
        placeholder={t("Coupon code")}
        maxLength={32}
        autoComplete="off"
        onKeyDown={(event) => {
          if (event.key !== "Enter") return;
          event.preventDefault(); // not yet the order
          apply();
        }}
      />
      <button type="button" className="button button-quiet" disabled={put.isPending} onClick={apply}>
        {t("Apply")}
      </button>
      {put.error && (
        <p className="error" role="alert">
          {isProblem(put.error, "invalid") ? t("There is no such coupon.") : said(put.error)}
        </p>
      )}
    </div>
  );
}
