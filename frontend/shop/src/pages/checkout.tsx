/** From the bag to an order: where to, how to pay, and what to do when something has changed meanwhile. */

import { AttemptKey, isProblem } from "@markrin/client";
import { useMutation, useQuery } from "@tanstack/react-query";
import { type FormEvent, useEffect, useRef, useState } from "react";
import { Link, useLocation } from "wouter";
import {
  addresses as addressesQuery,
  cartQuery,
  keep,
  order as orderQuery,
  type Placing,
  placeOrder,
  refresh,
  useCart,
} from "../api";
import { seen } from "../beacon";
import { said } from "../errors";
import { money } from "../format";
import { AddressFields, AddressText, addressIn } from "../parts/address-form";
import { CheckoutTrouble } from "../parts/checkout-trouble";
import { CouponForm } from "../parts/coupon-form";
import { Field, fieldError } from "../parts/field";
import { Notice } from "../parts/notice";
import { QuoteLines } from "../parts/quote-lines";
import { PageSkeleton } from "../parts/skeleton";
import { useSession } from "../shop";
import { useTitle } from "../title";
import type { Cart } from "../types";

export function Checkout() {
  useTitle("Checkout");
  const { data: cart, error } = useCart();
  const leaving = useRef(false); // an order is placed, and its page is about to come
  const begun = Boolean(cart?.items.length);
  useEffect(() => {
    if (begun) seen({ type: "checkout_started" });
  }, [begun]);
  if (error) {
    return (
      <div className="page">
        <Notice kind="bad">{said(error)}</Notice>
      </div>
    );
  }
  if (!cart || (leaving.current && !cart.items.length)) return <PageSkeleton />;
  if (!cart.items.length) {
    return (
      <div className="page empty">
        <h1>Your bag is empty</h1>
        <Link href="/shop" className="button">
          Look around
        </Link>
      </div>
    );
  }
  return (
    <div className="page">
      <h1>Checkout</h1>
      <CheckoutForm cart={cart} onPlaced={() => (leaving.current = true)} />
    </div>
  );
}

function CheckoutForm({ cart, onPlaced }: { cart: Cart; onPlaced: () => void }) {
  const { signedIn } = useSession();
  const [, go] = useLocation();
  const key = useRef(new AttemptKey());
  const place = useMutation({
    mutationFn: (body: Placing) => placeOrder(body, key.current.for(body)),
    onSuccess: (order) => {
      onPlaced();
      key.current.done();
      keep(orderQuery(order.id).queryKey, order);
      void refresh(cartQuery().queryKey);
      const pay = order.payment?.redirectUrl;
      if (pay) location.assign(pay);
      else go(`/orders/${order.id}?placed`);
    },
    onError: (error) => {
      // Prices or stock have moved: show the bag as it is now, beside what is said about it.
      if (isProblem(error) && error.status === 409) void refresh(cartQuery().queryKey);
    },
  });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    const given = new FormData(form);
    const addressId = given.get("addressId");
    const where =
      addressId && addressId !== "new"
        ? { addressId: String(addressId) }
        : { shippingAddress: { ...addressIn(form), country: addressIn(form).country ?? "IN" } };
    place.mutate({
      ...where,
      paymentMethod: given.get("paymentMethod") === "cod" ? "cod" : "online",
      expectedTotal: cart.quote.total,
      ...(!signedIn && { email: String(given.get("email")).trim() }),
    });
  };
  const blocked = cart.items.some((item) => !item.available);
  return (
    <form className="checkout" onSubmit={submit}>
      <div className="checkout-steps">
        <CheckoutTrouble error={place.error} cart={cart} onMended={place.reset} />
        {!signedIn && <Contact error={place.error} />}
        {signedIn ? <AddressChoice error={place.error} /> : <NewAddress error={place.error} />}
        <fieldset>
          <legend>Payment</legend>
          <label className="option">
            <input type="radio" name="paymentMethod" value="online" defaultChecked />
            <span>
              <strong>Pay now</strong>
              <span className="hint">By card, UPI or net banking, on our payment partner's page.</span>
            </span>
          </label>
          <label className="option">
            <input type="radio" name="paymentMethod" value="cod" />
            <span>
              <strong>Cash on delivery</strong>
              <span className="hint">Pay when the parcel is at your door.</span>
            </span>
          </label>
        </fieldset>
      </div>
      <aside className="checkout-sum" aria-label="Your order">
        <h2>Your order</h2>
        <ul className="sum-lines">
          {cart.items.map((item) => (
            <li key={item.id} data-gone={!item.available}>
              <span>
                {item.quantity} × {item.product.name}
                <span className="hint"> {[item.color, item.size].filter(Boolean).join(" · ")}</span>
              </span>
              <span>{money(item.lineTotal, cart.quote.currency)}</span>
            </li>
          ))}
        </ul>
        <CouponForm cart={cart} />
        <QuoteLines quote={cart.quote} />
        <button type="submit" className="button button-wide" disabled={place.isPending || blocked}>
          {place.isPending ? "Placing your order…" : `Place order · ${money(cart.quote.total, cart.quote.currency)}`}
        </button>
      </aside>
    </form>
  );
}

function Contact({ error }: { error: unknown }) {
  return (
    <fieldset>
      <legend>You</legend>
      <p className="hint">
        <Link href="/sign-in?next=/checkout">Sign in</Link> for your saved addresses, or go on as a guest.
      </p>
      <Field
        label="E-mail address"
        name="email"
        type="email"
        autoComplete="email"
        hint="For the confirmation and the tracking link."
        required
        error={fieldError(error, "/email")}
      />
    </fieldset>
  );
}

function NewAddress({ error }: { error: unknown }) {
  return <AddressFields legend="Where shall it go?" error={error} at="/shippingAddress" />;
}

function AddressChoice({ error }: { error: unknown }) {
  const { data } = useQuery(addressesQuery());
  const [chosen, setChosen] = useState<string>();
  if (!data) return <PageSkeleton />;
  if (!data.items.length) return <NewAddress error={error} />;
  const value = chosen ?? data.items.find((address) => address.isDefault)?.id ?? data.items[0]?.id;
  return (
    <>
      <fieldset>
        <legend>Where shall it go?</legend>
        {data.items.map((address) => (
          <label key={address.id} className="option">
            <input
              type="radio"
              name="addressId"
              value={address.id}
              checked={value === address.id}
              onChange={() => setChosen(address.id)}
            />
            <AddressText address={address} />
          </label>
        ))}
        <label className="option">
          <input
            type="radio"
            name="addressId"
            value="new"
            checked={value === "new"}
            onChange={() => setChosen("new")}
          />
          <span>Another address</span>
        </label>
      </fieldset>
      {value === "new" && <AddressFields legend="The other address" error={error} at="/shippingAddress" />}
    </>
  );
}
