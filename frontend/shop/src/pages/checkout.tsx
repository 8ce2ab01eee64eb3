/** From the bag to an order: where to, how to pay, and what to do when something has changed meanwhile. */

import { AttemptKey, isProblem } from "@markrin/client";
import { useMutation, useQuery } from "@tanstack/react-query";
import { type FormEvent, type ReactNode, type RefObject, useEffect, useMemo, useRef, useState } from "react";
import { Link, useLocation } from "wouter";
import {
  addresses as addressesQuery,
  cartQuery,
  keep,
  order as orderQuery,
  type Place,
  type Placing,
  placeOrder,
  quotedCart,
  refresh,
  shippingOptions,
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
import { cashWords, ShippingChoice } from "../parts/delivery";
import { ErrorSummary } from "../parts/error-summary";
import { Field, FormContext, values } from "../parts/field";
import { GiftCardForm } from "../parts/gift-card-form";
import { backOrderText } from "../parts/order-words";
import { QuoteLines } from "../parts/quote-lines";
import { PageSkeleton } from "../parts/skeleton";
import { Trouble } from "../parts/trouble";
import { href, settings } from "../settings";
import { useSession } from "../shop";
import { isTextByName, remember, remembered } from "../storage";
import { useTitle } from "../title";
import type { Address, Cart } from "../types";

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

/** Where a form's address is, once enough of it is known to ask what sending costs. */
function placeIn(form: HTMLFormElement): Place | undefined {
  const given = values(form);
  const chosen = form.querySelector<HTMLInputElement>('input[name="addressId"]:checked');
  if (chosen && chosen.value !== "new") {
    const { country, state, postalCode } = chosen.dataset;
    return { country, ...(state && { state }), ...(postalCode && { postalCode }) } as Place;
  }
  const postalCode = (given.postalCode ?? "").replace(/\s/g, "");
  const input = form.elements.namedItem("postalCode");
  if (!given.country || !postalCode || !(input instanceof HTMLInputElement) || !input.validity.valid) return undefined;
  return { country: given.country, postalCode, ...(given.state && { state: given.state }) } as Place;
}

/** What the order would cost, sent as chosen to where the form says, and what else can be chosen. */
function useQuoted(form: RefObject<HTMLFormElement | null>, cart: Cart) {
  const kept = useState(() => remembered("session", KEPT, isTextByName) ?? {})[0];
  const [place, setPlace] = useState<Place>();
  const [methodId, setMethodId] = useState(kept.shippingMethodId);
  const [payment, setPayment] = useState(kept.paymentMethod);
  const look = () => {
    const found = form.current ? placeIn(form.current) : undefined;
    setPlace((now) => (JSON.stringify(now) === JSON.stringify(found) ? now : found));
  };
  useEffect(look); // a saved address may have come, or another been chosen
  const isMailed = cart.items.every(({ product }) => product.isGiftCard); // nothing is sent but their codes
  const options = useQuery({
    ...shippingOptions(place ?? { country: "IN" as Place["country"] }),
    enabled: Boolean(place) && !isMailed,
  });
  const items = place && !isMailed && !options.error ? options.data?.items : undefined;
  const method = items?.find(({ id }) => id === methodId) ?? items?.[0];
  const methods = settings.paymentMethods.map((each) => each.method);
  const possible = methods.filter((each) => each !== "cod" || (!isMailed && (!method || method.cod.allowed)));
  const paymentMethod = possible.find((each) => each === payment) ?? possible[0];
  const quoted = useQuery({
    ...quotedCart({
      ...place,
      ...(method && { shippingMethodId: method.id }),
      ...(paymentMethod && { paymentMethod }),
    }),
    enabled: Boolean(items),
  });
  const isSettled = Boolean(quoted.data) && !quoted.isPlaceholderData && !quoted.isFetching;
  const known = items && quoted.data;
  return {
    place,
    options: items,
    error: place && !isMailed ? options.error : null,
    method,
    setMethodId,
    paymentMethod,
    possible,
    isMailed,
    setPayment,
    look,
    quote: known?.quote ?? cart.quote,
    // Not where nothing is delivered; and a total that is about to change is not agreed to.
    isPossible:
      Boolean(paymentMethod) &&
      (!place || isMailed || (options.error ? !isProblem(options.error, "not_delivered_there") : isSettled)),
  };
}

/** Places the order of this form; what keeps it from that stands in `errors`, all of it at once. */
function useCheckout(form: RefObject<HTMLFormElement | null>, quoted: Quoted, onPlaced: () => void) {
  const { signedIn } = useSession();
  const [, go] = useLocation();
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
      if (isProblem(error) && [409, 422].includes(error.status)) void refresh(cartQuery().queryKey);
    },
  });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const invalid = invalidInputs(event.currentTarget);
    setErrors(invalid);
    setAttempts(attempts + 1);
    place.reset();
    if (!invalid.length) place.mutate(orderIn(event.currentTarget, quoted, signedIn));
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
  return { place, errors, attempts, submit, change };
}

type Quoted = ReturnType<typeof useQuoted>;

function orderIn(form: HTMLFormElement, { quote, method }: Quoted, signedIn: boolean): Placing {
  const given = values(form);
  const address = addressIn(form);
  return {
    ...(given.addressId && given.addressId !== "new"
      ? { addressId: given.addressId }
      : { shippingAddress: { ...address, country: address.country ?? "IN" } }),
    paymentMethod: given.paymentMethod === "cod" ? "cod" : "online",
    ...(method && { shippingMethodId: method.id }),
    expectedTotal: quote.total,
    expectedAmountDue: quote.amountDue,
    ...(!signedIn && { email: (given.email ?? "").trim() }),
  };
}

function CheckoutForm({ cart, onPlaced }: { cart: Cart; onPlaced: () => void }) {
  const { signedIn } = useSession();
  const form = useRef<HTMLFormElement>(null);
  useQuery({ ...addressesQuery(), enabled: signedIn }); // so that the place is looked for again once they are here
  const quoted = useQuoted(form, cart);
  const { place, errors, attempts, submit, change } = useCheckout(form, quoted, onPlaced);
  const [kept] = useState(() => remembered("session", KEPT, isTextByName) ?? {});
  const state = useMemo(() => ({ errors: byName(errors), kept }), [errors, kept]);
  const blocked = cart.items.some((item) => !item.available);
  return (
    <FormContext.Provider value={state}>
      <form
        className="checkout"
        ref={form}
        onSubmit={submit}
        onInput={(event) => {
          change(event);
          quoted.look();
        }}
        noValidate
      >
        <div className="checkout-steps">
          <ErrorSummary errors={errors} attempts={attempts} form={form} />
          <CheckoutTrouble
            error={errors.length ? null : place.error}
            cart={cart}
            quote={quoted.quote}
            onMended={place.reset}
          />
          {!signedIn && <Contact />}
          {signedIn ? <AddressChoice /> : <AddressFields legend={t("Where shall it go?")} />}
          {quoted.options?.length !== 0 && ( // gift cards are mailed
            <ShippingChoice
              place={quoted.place}
              options={quoted.options}
              error={quoted.error}
              value={quoted.method?.id}
              onChange={quoted.setMethodId}
            />
          )}
          <PaymentChoice quoted={quoted} />
        </div>
        <aside className="checkout-sum" aria-label={t("Your order")}>
          <h2>{t("Your order")}</h2>
          <SumLines cart={cart} />
          <CouponForm cart={cart} />
          {!quoted.isMailed && <GiftCardForm cart={cart} />}
          <QuoteLines quote={quoted.quote} />
          <button
            type="submit"
            className="button button-wide"
            disabled={place.isPending || blocked || !quoted.isPossible}
          >
            {place.isPending
              ? t("Placing your order…")
              : t("Place order · {total}", { total: money(quoted.quote.amountDue, quoted.quote.currency) })}
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
            {item.onBackOrder > 0 && <span className="hint"> {backOrderText(item)}</span>}
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
  const option = (id: string, shown: ReactNode, address?: Address) => (
    <label key={id} className="option">
      <input
        type="radio"
        name="addressId"
        value={id}
        checked={value === id}
        onChange={() => setChosen(id)}
        data-country={address?.country}
        data-state={address?.stateCode || address?.state}
        data-postal-code={address?.postalCode}
      />
      {shown}
    </label>
  );
  return (
    <>
      <fieldset>
        <legend>{t("Where shall it go?")}</legend>
        {data.items.map((address) => option(address.id, <AddressText address={address} />, address))}
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

function PaymentChoice({ quoted }: { quoted: Quoted }) {
  const cash = cashWords(quoted.method);
  return (
    <fieldset>
      <legend>{t("Payment")}</legend>
      {settings.paymentMethods.map(({ method }) => (
        <label key={method} className="option">
          <input
            type="radio"
            name="paymentMethod"
            value={method}
            checked={method === quoted.paymentMethod}
            disabled={!quoted.possible.includes(method)}
            onChange={() => quoted.setPayment(method)}
            required
          />
          <span>
            <strong>{paymentTexts()[method][0]}</strong>
            <span className="hint">{paymentTexts()[method][1]}</span>
            {method === "cod" && cash && <span className="hint">{cash}</span>}
          </span>
        </label>
      ))}
    </fieldset>
  );
}
