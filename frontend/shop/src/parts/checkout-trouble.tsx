/** What stands between the shopper and the order, and the shortest way past it. */

import { isProblem } from "@markrin/client";
import { useMutation } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { changeLine, removeLine } from "../api";
import { said } from "../errors";
import { money } from "../format";
import { rich, t } from "../i18n";
import type { Cart, CartItem, Quote } from "../types";
import { Notice } from "./notice";

interface Props {
  error: unknown;
  cart: Cart;
  /** Of this cart, sent and paid for as chosen. */
  quote: Quote;
  /** The bag has been put right: what was said about it no longer holds. */
  onMended: () => void;
}

export function CheckoutTrouble({ error, cart, quote, onMended }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const short = cart.items.filter((item) => !item.available);
  useEffect(() => {
    if (error) box.current?.scrollIntoView({ block: "center", behavior: "smooth" });
  }, [error]);
  if (!error && !short.length) return null;
  return (
    <div ref={box}>
      {short.length > 0 ? (
        <SoldOut lines={short} surprised={isProblem(error, "out_of_stock")} onMended={onMended} />
      ) : isProblem(error, "quote_changed") ? (
        <PriceChanged cart={cart} quote={quote} />
      ) : isProblem(error, "out_of_stock") ? (
        <Notice kind="bad">{t("Something in your bag sold out a moment ago. We are looking at what is left…")}</Notice>
      ) : error ? (
        <Notice kind="bad">{said(error)}</Notice>
      ) : null}
    </div>
  );
}

/** The server would not take the old total. The new one stands on the button: pressing it again agrees to it. */
function PriceChanged({ cart, quote }: { cart: Cart; quote: Quote }) {
  const { currency, total } = quote;
  const changed = cart.items.filter((item) => item.priceChanged);
  return (
    <Notice kind="bad">
      <h2>{t("The price has changed while you were here")}</h2>
      {changed.length > 0 && (
        <ul>
          {changed.map((item) => (
            <li key={item.id}>
              {item.product.name}: {money(item.priceAtAdd, currency)} → <strong>{money(item.price, currency)}</strong>
            </li>
          ))}
        </ul>
      )}
      <p>
        {rich(
          "Nothing has been ordered or charged. Your total is now {total}; place the order again if that is fine with you.",
          {
            total: <strong>{money(total, currency)}</strong>,
          },
        )}
      </p>
    </Notice>
  );
}

function SoldOut({ lines, surprised, onMended }: { lines: CartItem[]; surprised: boolean; onMended: () => void }) {
  const fix = useMutation({
    mutationFn: (item: CartItem) =>
      item.countInStock > 0 ? changeLine(item.id, { quantity: item.countInStock }) : removeLine(item.id),
    onSuccess: (cart) => cart.items.every((item) => item.available) && onMended(),
  });
  return (
    <Notice kind="bad">
      <h2>{surprised ? t("Somebody was faster") : t("Not everything is still there")}</h2>
      <p>{t("Nothing has been ordered or charged. Choose how to go on:")}</p>
      <ul className="shortages">
        {lines.map((item) => (
          <li key={item.id}>
            <span>
              <strong>{item.product.name}</strong> <span>{[item.color, item.size].filter(Boolean).join(" · ")}</span>
              <br />
              {item.countInStock > 0
                ? t("You asked for {asked}; {left} left.", { asked: item.quantity, left: item.countInStock })
                : t("You asked for {asked}; it is sold out.", { asked: item.quantity })}
            </span>
            <button
              type="button"
              className="button button-quiet"
              disabled={fix.isPending}
              onClick={() => fix.mutate(item)}
            >
              {item.countInStock > 0 ? t("Take {count}", { count: item.countInStock }) : t("Remove")}
            </button>
          </li>
        ))}
      </ul>
      {fix.error && <p className="error">{said(fix.error)}</p>}
    </Notice>
  );
}
