/** The bag, from the side, on every page. */

import { useMutation } from "@tanstack/react-query";
import { createContext, type ReactNode, useContext, useMemo, useState } from "react";
import { Link, useLocation } from "wouter";
import { changeLine, removeLine, useCart } from "../api";
import { said } from "../errors";
import { money } from "../format";
import type { CartItem } from "../types";
import { Dialog } from "./dialog";
import { Icon } from "./icon";
import { Notice } from "./notice";
import { QuoteLines } from "./quote-lines";
import { Bone } from "./skeleton";

const MAX_PIECES = 20; // of one line, by the API's contract

const Context = createContext({ open: false, setOpen: (_open: boolean) => {} });

export const useCartDrawer = () => useContext(Context);

export function CartProvider({ children }: { children: ReactNode }) {
  const [open, setOpen] = useState(false);
  const value = useMemo(() => ({ open, setOpen }), [open]);
  return <Context.Provider value={value}>{children}</Context.Provider>;
}

export function CartDrawer() {
  const { open, setOpen } = useCartDrawer();
  const { data: cart, error, isPending } = useCart();
  const [, go] = useLocation();
  const close = () => setOpen(false);
  return (
    <Dialog open={open} onClose={close} title="Your bag" side="right">
      {isPending && <Bone shape="box" />}
      {error && <Notice kind="bad">{said(error)}</Notice>}
      {cart?.items.length === 0 && (
        <div className="empty">
          <p>There is nothing in your bag yet.</p>
          <Link href="/shop" className="button" onClick={close}>
            Look around
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
            <QuoteLines quote={cart.quote} />
            <button
              type="button"
              className="button button-wide"
              onClick={() => {
                close();
                go("/checkout");
              }}
            >
              Checkout
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
        <img src={item.product.image.url} alt="" width="72" height="90" />
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
            The price is now {money(item.price, currency)}; it was {money(item.priceAtAdd, currency)} when you added it.
          </p>
        )}
        {!item.available && (
          <p className="line-note line-bad">
            {item.countInStock > 0 ? `Only ${item.countInStock} left.` : "Sold out."}{" "}
            {item.countInStock > 0 && (
              <button type="button" className="link" onClick={() => set.mutate(item.countInStock)}>
                Take {item.countInStock}
              </button>
            )}
          </p>
        )}
        {error && (
          <p className="line-note line-bad" role="alert">
            {said(error)}
          </p>
        )}
        <div className="stepper">
          <button
            type="button"
            aria-label={`One less of ${item.product.name}`}
            disabled={busy || item.quantity <= 1}
            onClick={() => set.mutate(item.quantity - 1)}
          >
            <Icon name="minus" />
          </button>
          <span role="status" aria-label={`Quantity ${item.quantity}`}>
            {item.quantity}
          </span>
          <button
            type="button"
            aria-label={`One more of ${item.product.name}`}
            disabled={busy || item.quantity >= MAX_PIECES}
            onClick={() => set.mutate(item.quantity + 1)}
          >
            <Icon name="plus" />
          </button>
          <button
            type="button"
            className="stepper-remove"
            aria-label={`Remove ${item.product.name}`}
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
