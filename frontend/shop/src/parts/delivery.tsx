/** How and when goods arrive: by postal code on a product's page and in the bag, as a choice at checkout. */

import { isProblem } from "@markrin/client";
import { useQuery } from "@tanstack/react-query";
import { type FormEvent, type ReactNode, useId, useState } from "react";
import { type Place, productDelivery, shippingOptions } from "../api";
import { said } from "../errors";
import { days, isZero, money } from "../format";
import { t } from "../i18n";
import { settings } from "../settings";
import { isText, remember, remembered } from "../storage";
import type { ShippingOption } from "../types";

const KEPT = "postalCode"; // where this browser last asked about, for every product and the bag

/** Where the shopper has asked about, and a way to ask about somewhere else. */
export function usePostalCode(): [string | undefined, (code: string) => void] {
  const [code, setCode] = useState(() => remembered("local", KEPT, isText));
  const change = (given: string) => {
    remember("local", KEPT, given || undefined);
    setCode(given || undefined);
  };
  return [code, change];
}

const country = () => settings.countries[0] ?? "IN";
const placeOf = (postalCode: string) => ({ country: country(), postalCode }) as Place;

/** When a product arrives, and whether it can be paid at the door there. */
export function ProductDelivery({ productId }: { productId: string }) {
  const [code, setCode] = usePostalCode();
  const { data, error, isFetching } = useQuery({
    ...productDelivery(productId, placeOf(code ?? "")),
    enabled: Boolean(code),
  });
  return (
    <section className="delivery" aria-label={t("Delivery")}>
      <PostalCodeForm code={code} onChange={setCode} busy={isFetching} />
      <div role="status">
        {code && error && <p className="error">{deliveryTrouble(error)}</p>}
        {code && data && !error && data.items.length > 0 && (
          <ul>
            {data.items.map((option) => (
              <li key={option.id}>
                <OptionWords option={option} />
              </li>
            ))}
            <li className="hint">
              {data.items.some(({ cod }) => cod.allowed)
                ? t("Cash on delivery is possible.")
                : t("Cash on delivery is not possible there.")}
            </li>
          </ul>
        )}
      </div>
    </section>
  );
}

/** What sending the bag costs, and when it arrives, where the shopper has asked about. */
export function CartDelivery() {
  const [code, setCode] = usePostalCode();
  const { data, error, isFetching } = useQuery({ ...shippingOptions(placeOf(code ?? "")), enabled: Boolean(code) });
  return (
    <section className="delivery" aria-label={t("Delivery")}>
      <PostalCodeForm code={code} onChange={setCode} busy={isFetching} />
      <div role="status">
        {code && error && <p className="error">{deliveryTrouble(error)}</p>}
        {code && data && !error && (
          <ul>
            {data.items.map((option) => (
              <li key={option.id}>
                <OptionWords option={option} priced />
              </li>
            ))}
          </ul>
        )}
      </div>
    </section>
  );
}

function PostalCodeForm({
  code,
  onChange,
  busy,
}: {
  code: string | undefined;
  onChange: (code: string) => void;
  busy: boolean;
}) {
  const id = useId();
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    onChange(String(new FormData(event.currentTarget).get("postalCode") ?? "").trim());
  };
  return (
    <form className="delivery-form" onSubmit={submit}>
      <label htmlFor={id}>{t("Deliver to")}</label>
      <input
        id={id}
        name="postalCode"
        autoComplete="postal-code"
        maxLength={12}
        defaultValue={code}
        placeholder={country() === "IN" ? t("PIN code") : t("Postal code")}
        {...(country() === "IN" && { inputMode: "numeric" as const })}
      />
      <button type="submit" className="button button-quiet" disabled={busy}>
        {t("Check")}
      </button>
    </form>
  );
}

/** A method's name, its days and, where asked for, its price. */
function OptionWords({ option, priced = false }: { option: ShippingOption; priced?: boolean }) {
  const { deliversFrom: from, deliversUntil: until } = option;
  return (
    <>
      <strong>{option.name}</strong>
      {from && until && <span> {t("arrives {when}", { when: days(from, until) })}</span>}
      {priced && <span className="delivery-price"> · {priceWords(option)}</span>}
    </>
  );
}

function priceWords({ price }: ShippingOption): string {
  return isZero(price) ? t("Free") : money(price, settings.currency.code);
}

/** How the bag is to be sent to a place that is known by now. */
export function ShippingChoice({
  place,
  options,
  error,
  value,
  onChange,
}: {
  place: Place | undefined;
  options: readonly ShippingOption[] | undefined;
  error: unknown;
  value: string | undefined;
  onChange: (id: string) => void;
}) {
  return (
    <fieldset className="shipping-choice">
      <legend>{t("Delivery")}</legend>
      {!place && <p className="hint">{t("Once we know where it goes, you can choose how it is sent.")}</p>}
      {place && Boolean(error) && (
        <p className="error" role="alert">
          {deliveryTrouble(error)}
        </p>
      )}
      {place &&
        !error &&
        options?.map((option) => (
          <label key={option.id} className="option">
            <input
              type="radio"
              name="shippingMethodId"
              value={option.id}
              checked={option.id === value}
              onChange={() => onChange(option.id)}
            />
            <span>
              <strong>
                {option.name} · {priceWords(option)}
              </strong>
              {option.deliversFrom && option.deliversUntil && (
                <span className="hint">
                  {t("arrives {when}", { when: days(option.deliversFrom, option.deliversUntil) })}
                </span>
              )}
            </span>
          </label>
        ))}
    </fieldset>
  );
}

/** Why an order cannot be paid at the door, or what that costs. */
export function cashWords(option: ShippingOption | undefined): ReactNode {
  if (!option) return undefined;
  const { cod } = option;
  if (cod.allowed) {
    if (isZero(cod.fee)) return undefined;
    return t("The courier takes a fee of {fee} for it.", { fee: money(cod.fee, settings.currency.code) });
  }
  if (cod.reason === "order_value") return t("Not for an order of this value: please pay online.");
  if (cod.reason === "open_orders") return t("You have other cash orders under way: please pay online.");
  return t("Not with this way of sending.");
}

function deliveryTrouble(error: unknown): string {
  if (isProblem(error, "not_delivered_there")) return t("We do not deliver there.");
  if (isProblem(error, "invalid")) return t("This is no postal code of the country.");
  return said(error);
}
