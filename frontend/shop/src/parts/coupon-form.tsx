import { isProblem } from "@markrin/client";
import { useMutation } from "@tanstack/react-query";
import { useRef } from "react";
import { putCoupons } from "../api";
import { said } from "../errors";
import { rich, t } from "../i18n";
import type { Cart } from "../types";
import { CodeInput } from "./code-input";

const reasons = (): Record<string, string> => ({
  coupon_minimum_spend: t("Your bag is still below what it asks for."),
  coupon_not_now: t("It is not valid at this time."),
  coupon_exhausted: t("It has been used up."),
  coupon_used_up: t("You have used it already."),
  coupon_unknown: t("There is no such coupon."),
  coupon_not_applicable: t("It is not for what is in your bag."),
});

const MOST = 5; // that an order takes

/** The bag's coupons, and another. It stands inside the checkout's form, so it is no form of its own. */
export function CouponForm({ cart }: { cart: Cart }) {
  const input = useRef<HTMLInputElement>(null);
  const codes = cart.coupons.map(({ code }) => code);
  const put = useMutation({
    mutationFn: putCoupons,
    onSuccess: () => {
      if (input.current) input.current.value = "";
    },
  });
  return (
    <>
      {cart.coupons.map(({ code, applied, reason }) => (
        <p key={code} className={applied ? "coupon good" : "coupon"}>
          <span>
            {rich(applied ? "Coupon {code} applied." : "Coupon {code} does not apply.", {
              code: <strong>{code}</strong>,
            })}{" "}
            {!applied && reasons()[reason ?? ""]}
          </span>
          <button
            type="button"
            className="link"
            disabled={put.isPending}
            onClick={() => put.mutate(codes.filter((other) => other !== code))}
          >
            {t("Remove")}
          </button>
        </p>
      ))}
      {codes.length < MOST && (
        <CodeInput
          label={codes.length ? t("Another coupon") : t("Coupon code")}
          input={input}
          pending={put.isPending}
          apply={(code) => put.mutate([...codes, code])}
        >
          {put.error && (
            <p className="error" role="alert">
              {isProblem(put.error, "invalid") ? t("There is no such coupon.") : said(put.error)}
            </p>
          )}
        </CodeInput>
      )}
    </>
  );
}
