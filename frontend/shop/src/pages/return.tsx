/** Pieces of an order go back: for money or another variant, or by withdrawing from the contract in two steps. */

import { AttemptKey, isProblem } from "@markrin/client";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useId, useRef, useState } from "react";
import { Link, useLocation } from "wouter";
import { order as orderQuery, product as productQuery, refresh, requestReturn, suggestions, withdraw } from "../api";
import { said } from "../errors";
import { day, money } from "../format";
import { t } from "../i18n";
import { Notice } from "../parts/notice";
import { PageSkeleton } from "../parts/skeleton";
import { Trouble } from "../parts/trouble";
import { useTitle } from "../title";
import type { Order, ProductDetail } from "../types";
import { NotFound } from "./not-found";

type Item = Order["items"][number];

export const returnReasons = (): Record<string, string> => ({
  too_small: t("Too small"),
  too_large: t("Too large"),
  damaged: t("Damaged"),
  wrong_item: t("Not what I ordered"),
  not_as_shown: t("Not as shown"),
  changed_mind: t("I do not want it any more"),
  withdrawal: t("Withdrawn from the contract"),
});

export function ReturnPage({ id, withdrawal = false }: { id: string; withdrawal?: boolean }) {
  const { data: order, error, refetch } = useQuery(orderQuery(id));
  useTitle(withdrawal ? t("Withdraw from the contract") : t("Send pieces back"));
  if (isProblem(error) && error.status === 404) return <NotFound what="order" />;
  if (error) {
    return (
      <div className="page">
        <Trouble error={error} retry={refetch} />
      </div>
    );
  }
  if (!order) return <PageSkeleton />;
  return (
    <div className="page narrow">
      <p className="hint">
        <Link href={`/orders/${id}`}>{t("Order {number}", { number: order.number })}</Link>
      </p>
      {withdrawal ? <Withdrawal order={order} /> : <ReturnForm order={order} />}
    </div>
  );
}

/** The pieces that may still go back, each line with what it is. */
function returnable(order: Order): { item: Item; most: number }[] {
  return order.returnable.flatMap(({ lineId, quantity }) => {
    const item = order.items.find(({ id }) => id === lineId);
    return item ? [{ item, most: quantity }] : [];
  });
}

function ReturnForm({ order }: { order: Order }) {
  const [, go] = useLocation();
  const key = useRef(new AttemptKey());
  const [nothing, setNothing] = useState(false);
  const lines = returnable(order);
  const send = useMutation({
    mutationFn: (body: Parameters<typeof requestReturn>[1]) => requestReturn(order.id, body, key.current.for(body)),
    onSuccess: async () => {
      await refresh(orderQuery(order.id).queryKey);
      go(`/orders/${order.id}`);
    },
  });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const given = new FormData(event.currentTarget);
    const chosen = lines.flatMap(({ item }) => {
      const quantity = Number(given.get(`pieces-${item.id}`) ?? 0);
      const exchangeVariantId = String(given.get(`instead-${item.id}`) ?? "");
      return quantity ? [{ lineId: item.id, quantity, ...(exchangeVariantId && { exchangeVariantId }) }] : [];
    });
    setNothing(!chosen.length);
    if (chosen.length) send.mutate({ reason: String(given.get("reason")), lines: chosen });
  };
  if (!lines.length || !order.returnableUntil) return <NothingToReturn />;
  return (
    <form onSubmit={submit} onChange={() => setNothing(false)}>
      <h1>{t("Send pieces back")}</h1>
      <p>{t("Until {day} you can send back what you do not want to keep.", { day: day(order.returnableUntil) })}</p>
      {send.error && <Notice kind="bad">{said(send.error)}</Notice>}
      {nothing && <Notice kind="bad">{t("Choose at least one piece.")}</Notice>}
      <Lines lines={lines} exchange />
      <Reason />
      <p className="hint">{t("We look at your request and write to you with the label for the parcel.")}</p>
      <button type="submit" className="button" disabled={send.isPending}>
        {t("Ask for the return")}
      </button>
    </form>
  );
}

function NothingToReturn() {
  return (
    <>
      <h1>{t("Nothing can be sent back")}</h1>
      <p>{t("Nothing of this order has arrived yet, its time is over, or all of it is on its way back.")}</p>
    </>
  );
}

function Lines({ lines, exchange = false }: { lines: { item: Item; most: number }[]; exchange?: boolean }) {
  return (
    <ul className="lines return-lines">
      {lines.map(({ item, most }) => (
        <li key={item.id} className="return-line">
          <strong>{item.name}</strong>
          <span className="hint">{[item.color, item.size].filter(Boolean).join(" · ")}</span>
          <Choice
            name={`pieces-${item.id}`}
            label={t("Pieces to send back")}
            options={Array.from({ length: most + 1 }, (_, count) => [String(count), String(count)])}
            initial={lines.length === 1 ? String(most) : "0"}
          />
          {exchange && <Instead item={item} />}
        </li>
      ))}
    </ul>
  );
}

/** What a shopper wants for a piece: money, another variant, or one of another product that is looked up. */
function Instead({ item }: { item: Item }) {
  const { data: own } = useQuery(productQuery(item.productId));
  const [others, setOthers] = useState<ProductDetail[]>([]);
  const sent = own?.variants.find((one) => one.id === item.variantId);
  const paid = (Number(item.lineTotal) - Number(item.discount)) / item.quantity;
  const offered = [...(own ? [own] : []), ...others].flatMap((product) =>
    product.variants
      .filter((one) => one.inStock && one.id !== item.variantId)
      .map((one): [string, string] => {
        // As the server does: another size costs what the two differ, another product its price of today.
        const before = product === own && sent ? Number(sent.price) : paid;
        const kind = [product !== own && product.name, one.color, one.size].filter(Boolean).join(" · ");
        return [one.id, `${t("Another one: {kind}", { kind })}${differenceWords(Number(one.price) - before, product)}`];
      }),
  );
  return (
    <>
      <Choice
        name={`instead-${item.id}`}
        label={t("What do you want for it?")}
        options={[["", t("My money back")], ...offered]}
      />
      <Finder taken={[item.productId, ...others.map(({ id }) => id)]} add={(one) => setOthers([...others, one])} />
    </>
  );
}

function differenceWords(more: number, { currency }: ProductDetail): string {
  if (Math.abs(more) < 0.005) return "";
  const amount = money(Math.abs(more).toFixed(2), currency);
  return ` (${more > 0 ? t("{amount} more for each", { amount }) : t("{amount} less for each", { amount })})`;
}

/** Finds another product by its name. */
function Finder({ taken, add }: { taken: string[]; add: (product: ProductDetail) => void }) {
  const id = useId();
  const queryClient = useQueryClient();
  const [text, setText] = useState("");
  const [asked, setAsked] = useState("");
  const found = useQuery({ ...suggestions(asked), enabled: asked.length > 1 });
  const choose = useMutation({
    mutationFn: (key: string) => queryClient.fetchQuery(productQuery(key)),
    onSuccess: (product) => {
      add(product);
      setAsked("");
      setText("");
    },
  });
  const look = () => setAsked(text.trim());
  const fit = asked ? (found.data?.products ?? []).filter((one) => !taken.includes(one.id)) : [];
  return (
    <details>
      <summary>{t("Something else instead")}</summary>
      <div className="field">
        <label htmlFor={id}>{t("Name of the product")}</label>
        <input
          id={id}
          type="search"
          value={text}
          onChange={(event) => setText(event.target.value)}
          onKeyDown={(event) => {
            if (event.key !== "Enter") return;
            event.preventDefault(); // it is within the form of the return
            look();
          }}
        />
      </div>
      <button type="button" className="button button-quiet" onClick={look}>
        {t("Search")}
      </button>
      <div role="status">
        {asked && found.data && !fit.length && <p className="hint">{t("Nothing was found.")}</p>}
        {fit.length > 0 && (
          <ul className="ways">
            {fit.map((one) => (
              <li key={one.id}>
                <button
                  type="button"
                  className="link"
                  disabled={choose.isPending}
                  onClick={() => choose.mutate(one.id)}
                >
                  {`${one.name} · ${money(one.price, one.currency)}`}
                </button>
              </li>
            ))}
          </ul>
        )}
      </div>
      {(found.error ?? choose.error) && <Notice kind="bad">{said(found.error ?? choose.error)}</Notice>}
    </details>
  );
}

function Reason() {
  const { withdrawal: _, ...reasons } = returnReasons();
  return <Choice name="reason" label={t("Why?")} options={Object.entries(reasons)} />;
}

interface ChoiceProps {
  name: string;
  label: string;
  options: [string, string][];
  initial?: string;
}

function Choice({ name, label, options, initial }: ChoiceProps) {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <select id={id} name={name} defaultValue={initial}>
        {options.map(([value, text]) => (
          <option key={value} value={value}>
            {text}
          </option>
        ))}
      </select>
    </div>
  );
}

/** First what it would be about, then the confirmation: Directive 2011/83/EU, art. 11a. */
function Withdrawal({ order }: { order: Order }) {
  const [, go] = useLocation();
  const key = useRef(new AttemptKey());
  const [chosen, setChosen] = useState<{ lineId: string; quantity: number }[]>();
  const lines = returnable(order);
  const confirm = useMutation({
    mutationFn: (body: { lines: { lineId: string; quantity: number }[] }) =>
      withdraw(order.id, body, key.current.for(body)),
    onSuccess: async () => {
      await refresh(orderQuery(order.id).queryKey);
      go(`/orders/${order.id}`);
    },
  });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const given = new FormData(event.currentTarget);
    const wanted = lines.map(({ item }) => ({
      lineId: item.id,
      quantity: Number(given.get(`pieces-${item.id}`) ?? 0),
    }));
    setChosen(wanted.filter(({ quantity }) => quantity));
  };
  if (!lines.length || !order.withdrawableUntil) return <NothingToReturn />;
  if (chosen?.length) {
    return (
      <>
        <h1>{t("Confirm the withdrawal")}</h1>
        <p>{t("You withdraw from the contract about these pieces of order {number}:", { number: order.number })}</p>
        <ul>
          {lines.map(({ item }) => {
            const pieces = chosen.find(({ lineId }) => lineId === item.id)?.quantity;
            return pieces && <li key={item.id}>{`${pieces} × ${item.name}`}</li>;
          })}
        </ul>
        {confirm.error && <Notice kind="bad">{said(confirm.error)}</Notice>}
        <p className="actions">
          <button
            type="button"
            className="button"
            disabled={confirm.isPending}
            onClick={() => confirm.mutate({ lines: chosen })}
          >
            {t("Confirm withdrawal")}
          </button>
          <button type="button" className="button button-quiet" onClick={() => setChosen(undefined)}>
            {t("Back")}
          </button>
        </p>
      </>
    );
  }
  return (
    <form onSubmit={submit} onChange={() => setChosen(undefined)}>
      <h1>{t("Withdraw from the contract")}</h1>
      <p>
        {t("You need no reason, and have until {day}. We confirm it by e-mail at once.", {
          day: day(order.withdrawableUntil),
        })}
      </p>
      {chosen && <Notice kind="bad">{t("Choose at least one piece.")}</Notice>}
      <Lines lines={lines} />
      <button type="submit" className="button">
        {t("Go on")}
      </button>
    </form>
  );
}
