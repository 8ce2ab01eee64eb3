/** The bag, from the side, on every page. */

import { useMutation } from "@tanstack/react-query";
import { createContext, type ReactNode, useContext, useMemo, useState } from "react";
import { Link, useLocation } from "wouter";
import { changeLine, removeLine, useCart } from "../api";
import { said } from "../errors";
import { money } from "../format";
import { t } from "../i18n";
import { settings } from "../settings";
import type { CartItem } from "../types";
import { CartDelivery } from "./delivery";
import { Dialog } from "./dialog";
import { Icon } from "./icon";
import { backOrderText } from "./order-words";
import { Picture, SIZES } from "./picture";
import { QuoteLines } from "./quote-lines";
import { Bone } from "./skeleton";
import { Trouble } from "./trouble";

const Context = createContext({ open: false, setOpen: (_open: boolean) => {} });

export const useCartDrawer = () => useContext(Context);

export function CartProvider({ children }: { children: ReactNode }) {
  const [open, setOpen] = useState(false);
  const value = useMemo(() => ({ open, setOpen }), [open]);
  return <Context.Provider value={value}>{children}</Context.Provider>;
}

export function CartDrawer() {
  const { open, setOpen } = useCartDrawer();
  const { data: cart, error, isPending, refetch } = useCart();
  const [, go] = useLocation();
  const close = () => setOpen(false);
  return (
    <Dialog open={open} onClose={close} title={t("Your bag")} side="right">
      {isPending && <Bone shape="box" />}
      <Trouble error={error} retry={refetch} />
      {cart?.items.length === 0 && (
        <div className="empty">
          <p>{t("There is nothing in your bag yet.")}</p>
          <Link href="/shop" className="button" onClick={close}>
            {t("Look around")}
          </Link>
        </div>
      )}
      {cart && cart.items.length > 0 && (
        <>
          <ul className="lines">
            {cart.items.map((item) => (
              <CartLine key={item.id} item={item} currency={cart.quote.currency} onLeave={close} />
            ))}
          </ul>
          <div className="drawer-foot">
            <CartDelivery />
            <QuoteLines quote={cart.quote} />
            <button
              type="button"
              className="button button-wide"
              onClick={() => {
                close();
                go("/checkout");
              }}
            >
              {t("Checkout")}
            </button>
          </div>
        </>
      )}
    </Dialog>
  );
}

function CartLine({ item, currency, onLeave }: { item: CartItem; currency: string; onLeave: () => void }) {
  const set = useMutation({ mutationFn: (quantity: number) => changeLine(item.id, { quantity }) });
  const remove = useMutation({ mutationFn: () => removeLine(item.id) });
  const busy = set.isPending || remove.isPending;
  const error = set.error ?? remove.error;
  const what = [item.color, item.size].filter(Boolean).join(" · ");
  return (
    <li className="line" data-busy={busy}>
      {item.product.image ? (
        <Picture image={item.product.image} alt="" sizes={SIZES.line} width="72" height="90" />
      ) : (
        <span className="line-none" />
      )}
      <div className="line-what">
        <Link href={`/p/${item.product.slug}`} onClick={onLeave}>
          {item.product.name}
        </Link>
        <span className="hint">{what}</span>
        {item.priceChanged && (
          <p className="line-note">
            {t("The price is now {now}; it was {before} when you added it.", {
              now: money(item.price, currency),
              before: money(item.priceAtAdd, currency),
            })}
          </p>
        )}
        {!item.available && (
          <p className="line-note line-bad">
            {item.countInStock > 0 ? t("Only {count} left.", { count: item.countInStock }) : t("Sold out.")}{" "}
            {item.countInStock > 0 && (
              <button type="button" className="link" onClick={() => set.mutate(item.countInStock)}>
                {t("Take {count}", { count: item.countInStock })}
              </button>
            )}
          </p>
        )}
        {item.onBackOrder > 0 && <p className="line-note">{backOrderText(item)}</p>}
        {error && (
          <p className="line-note line-bad" role="alert">
            {said(error)}
          </p>
        )}
        <div className="stepper">
          <button
            type="button"
            aria-label={t("One less of {name}", { name: item.product.name })}
            disabled={busy || item.quantity <= 1}
            onClick={() => set.mutate(item.quantity - 1)}
          >
            <Icon name="minus" />
          </button>
          <span role="status" aria-label={t("Quantity {count}", { count: item.quantity })}>
            {item.quantity}
          </span>
          <button
            type="button"
            aria-label={t("One more of {name}", { name: item.product.name })}
            disabled={busy || item.quantity >= settings.limits.lineQuantity}
            onClick={() => set.mutate(item.quantity + 1)}
          >
            <Icon name="plus" />
          </button>
          <button
            type="button"
            className="stepper-remove"
            aria-label={t("Remove {name}", { name: item.product.name })}
            disabled={busy}
            onClick={() => remove.mutate()}
          >
            <Icon name="bin" />
          </button>
        </div>
      </div>
      <strong className="line-total">{money(item.lineTotal, currency)}</strong>
    </li>
  );
}
