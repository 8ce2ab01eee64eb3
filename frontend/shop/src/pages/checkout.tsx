/** From the bag to an order: where to, how to pay, and what to do when something has changed meanwhile. */

import { AttemptKey, isProblem } from "@markrin/client";
import { useMutation, useQuery } from "@tanstack/react-query";
import { type FormEvent, type ReactNode, useEffect, useMemo, useRef, useState } from "react";
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
import { byName, type FormError, invalidInputs, refusedInputs } from "../form-errors";
import { money } from "../format";
import { rich, t } from "../i18n";
import { keepOrderKey } from "../order-keys";
import { AddressFields, AddressText, addressIn } from "../parts/address-form";
import { CheckoutTrouble } from "../parts/checkout-trouble";
import { CouponForm } from "../parts/coupon-form";
import { ErrorSummary } from "../parts/error-summary";
import { Field, FormContext, values } from "../parts/field";
import { QuoteLines } from "../parts/quote-lines";
import { PageSkeleton } from "../parts/skeleton";
import { Trouble } from "../parts/trouble";
import { href, settings } from "../settings";
import { useSession } from "../shop";
import { isTextByName, remember, remembered } from "../storage";
import { useTitle } from "../title";
import type { Cart } from "../types";

const KEPT = "checkout"; // what was typed, until the order is placed or the tab is closed

export function Checkout() {
  useTitle(t("Checkout"));
  const { data: cart, error, refetch } = useCart();
  const { signedIn } = useSession();
  const leaving = useRef(false); // an order is placed, and its page is about to come
  const begun = Boolean(cart?.items.length);
  useEffect(() => {
    if (begun) seen({ type: "checkout_started" });
  }, [begun]);
  if (error) {
    return (
      <div className="page">
        <Trouble error={error} retry={refetch} />
      </div>
    );
  }
  if (!cart || (leaving.current && !cart.items.length)) return <PageSkeleton />;
  if (!cart.items.length) return <EmptyBag />;
  if (!signedIn && !settings.guestCheckout) return <SignInFirst />;
  return (
    <div className="page">
      <h1>{t("Checkout")}</h1>
      <CheckoutForm cart={cart} onPlaced={() => (leaving.current = true)} />
    </div>
  );
}

function EmptyBag() {
  const { signedIn } = useSession();
  return (
    <div className="page empty">
      <h1>{t("Your bag is empty")}</h1>
      <p className="actions actions-center">
        <Link href="/shop" className="button">
          {t("Look around")}
        </Link>
        {signedIn && (
          <Link href="/orders" className="button button-quiet">
            {t("Your orders")}
          </Link>
        )}
      </p>
    </div>
  );
}

function SignInFirst() {
  return (
    <div className="page form-page">
      <h1>{t("Checkout")}</h1>
      <p>{t("To order here you need an account. Your bag comes along.")}</p>
      <p className="actions">
        <Link href="/sign-in?next=/checkout" className="button">
          {t("Sign in")}
        </Link>
        <Link href="/sign-up?next=/checkout" className="button button-quiet">
          {t("Create an account")}
        </Link>
      </p>
    </div>
  );
}

/** Places the order of this form; what keeps it from that stands in `errors`, all of it at once. */
function useCheckout(cart: Cart, onPlaced: () => void) {
  const { signedIn } = useSession();
  const [, go] = useLocation();
  const form = useRef<HTMLFormElement>(null);
  const key = useRef(new AttemptKey());
  const [errors, setErrors] = useState<readonly FormError[]>([]);
  const [attempts, setAttempts] = useState(0);
  const place = useMutation({
    mutationFn: (body: Placing) => placeOrder(body, key.current.for(body)),
    onSuccess: (order) => {
      onPlaced();
      key.current.done();
      remember("session", KEPT, undefined);
      if (order.orderToken) keepOrderKey(order.id, order.orderToken); // a guest's; signing in takes it from nobody
      keep(orderQuery(order.id).queryKey, order);
      void refresh(cartQuery().queryKey);
      // In the place of this page also where a payment page follows: "back" then leads to the order, not to an empty bag.
      go(`/orders/${order.id}?placed`, { replace: true });
      if (order.payment?.redirectUrl) location.assign(order.payment.redirectUrl);
    },
    onError: (error) => {
      setErrors(refusedInputs(error, form.current));
      // Prices or stock have moved: show the bag as it is now, beside what is said about it.
      if (isProblem(error) && error.status === 409) void refresh(cartQuery().queryKey);
    },
  });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const invalid = invalidInputs(event.currentTarget);
    setErrors(invalid);
    setAttempts(attempts + 1);
    place.reset();
    if (!invalid.length) place.mutate(orderIn(event.currentTarget, cart, signedIn));
  };
  /** Remembers what was typed; what has been put right is no longer wrong. */
  const change = (event: FormEvent<HTMLFormElement>) => {
    remember("session", KEPT, values(event.currentTarget));
    const { target } = event;
    if (target instanceof HTMLInputElement && target.validity.valid) {
      setErrors((now) =>
        now.some(({ name }) => name === target.name) ? now.filter(({ name }) => name !== target.name) : now,
      );
    }
  };
  return { form, place, errors, attempts, submit, change };
}

function orderIn(form: HTMLFormElement, cart: Cart, signedIn: boolean): Placing {
  const given = values(form);
  const address = addressIn(form);
  return {
    ...(given.addressId && given.addressId !== "new"
      ? { addressId: given.addressId }
      : { shippingAddress: { ...address, country: address.country ?? "IN" } }),
    paymentMethod: given.paymentMethod === "cod" ? "cod" : "online",
    expectedTotal: cart.quote.total,
    ...(!signedIn && { email: (given.email ?? "").trim() }),
  };
}

function CheckoutForm({ cart, onPlaced }: { cart: Cart; onPlaced: () => void }) {
  const { signedIn } = useSession();
  const { form, place, errors, attempts, submit, change } = useCheckout(cart, onPlaced);
  const [kept] = useState(() => remembered("session", KEPT, isTextByName) ?? {});
  const state = useMemo(() => ({ errors: byName(errors), kept }), [errors, kept]);
  const blocked = cart.items.some((item) => !item.available);
  return (
    <FormContext.Provider value={state}>
      <form className="checkout" ref={form} onSubmit={submit} onInput={change} noValidate>
        <div className="checkout-steps">
          <ErrorSummary errors={errors} attempts={attempts} form={form} />
          <CheckoutTrouble error={errors.length ? null : place.error} cart={cart} onMended={place.reset} />
          {!signedIn && <Contact />}
          {signedIn ? <AddressChoice /> : <AddressFields legend={t("Where shall it go?")} />}
          <PaymentChoice />
        </div>
        <aside className="checkout-sum" aria-label={t("Your order")}>
          <h2>{t("Your order")}</h2>
          <SumLines cart={cart} />
          <CouponForm cart={cart} />
          <QuoteLines quote={cart.quote} />
          <button type="submit" className="button button-wide" disabled={place.isPending || blocked}>
            {place.isPending
              ? t("Placing your order…")
              : t("Place order · {total}", { total: money(cart.quote.total, cart.quote.currency) })}
          </button>
          <Terms />
        </aside>
      </form>
    </FormContext.Provider>
  );
}

function SumLines({ cart }: { cart: Cart }) {
  return (
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
  );
}

/** What one agrees to, in the shop's own pages. */
function Terms() {
  const pages = settings.pages.filter(({ kind }) => kind === "legal");
  if (!pages.length) return null;
  return (
    <p className="hint terms">
      {t("By ordering you agree to:")}{" "}
      {pages.map(({ slug, title }) => (
        <a key={slug} href={href(`/pages/${slug}`)} target="_blank" rel="noopener">
          {title}
        </a>
      ))}
    </p>
  );
}

function Contact() {
  return (
    <fieldset>
      <legend>{t("You")}</legend>
      <p className="hint">
        {rich("{link} for your saved addresses, or go on as a guest.", {
          link: <Link href="/sign-in?next=/checkout">{t("Sign in")}</Link>,
        })}
      </p>
      <Field
        label={t("E-mail address")}
        name="email"
        type="email"
        autoComplete="email"
        hint={t("For the confirmation and the tracking link.")}
        required
      />
    </fieldset>
  );
}

function AddressChoice() {
  const { data, error, refetch } = useQuery(addressesQuery());
  const [chosen, setChosen] = useState(() => remembered("session", KEPT, isTextByName)?.addressId);
  if (error) return <Trouble error={error} retry={refetch} />;
  if (!data) return <PageSkeleton />;
  if (!data.items.length) return <AddressFields legend={t("Where shall it go?")} />;
  const known = chosen === "new" || data.items.some(({ id }) => id === chosen);
  const value = known ? chosen : (data.items.find((address) => address.isDefault)?.id ?? data.items[0]?.id);
  const option = (id: string, shown: ReactNode) => (
    <label key={id} className="option">
      <input type="radio" name="addressId" value={id} checked={value === id} onChange={() => setChosen(id)} />
      {shown}
    </label>
  );
  return (
    <>
      <fieldset>
        <legend>{t("Where shall it go?")}</legend>
        {data.items.map((address) => option(address.id, <AddressText address={address} />))}
        {option("new", <span>{t("Another address")}</span>)}
      </fieldset>
      {value === "new" && <AddressFields legend={t("The other address")} />}
    </>
  );
}

const paymentTexts = () => ({
  online: [t("Pay now"), t("By card, UPI or net banking, on our payment partner's page.")],
  cod: [t("Cash on delivery"), t("Pay when the parcel is at your door.")],
});

function PaymentChoice() {
  const kept = remembered("session", KEPT, isTextByName)?.paymentMethod;
  const methods = settings.paymentMethods.map(({ method }) => method);
  const first = methods.find((method) => method === kept) ?? methods[0];
  return (
    <fieldset>
      <legend>{t("Payment")}</legend>
      {methods.map((method) => (
        <label key={method} className="option">
          <input type="radio" name="paymentMethod" value={method} defaultChecked={method === first} required />
          <span>
            <strong>{paymentTexts()[method][0]}</strong>
            <span className="hint">{paymentTexts()[method][1]}</span>
          </span>
        </label>
      ))}
    </fieldset>
  );
}
