/** One order: where it is, what happens next, what is in it, and what can still be done about it. */

import { AttemptKey, isProblem } from "@markrin/client";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { Link, useSearch } from "wouter";
import { downloadInvoice, invoices, order as orderQuery, refresh, startPayment } from "../api";
import { said } from "../errors";
import { days, moment, money } from "../format";
import { t, tn } from "../i18n";
import { takeOrderKey } from "../order-keys";
import { AddressText } from "../parts/address-form";
import { Icon } from "../parts/icon";
import { Notice } from "../parts/notice";
import { CancelOrder, Reorder } from "../parts/order-actions";
import { OrderReturns } from "../parts/order-returns";
import { backOrderText, isUnpaid, nextWords, orderWords, parcelWords, paymentWords } from "../parts/order-words";
import { Picture, SIZES } from "../parts/picture";
import { QuoteLines } from "../parts/quote-lines";
import { PageSkeleton } from "../parts/skeleton";
import { Trouble } from "../parts/trouble";
import { saveFile } from "../save-file";
import { href, settings } from "../settings";
import { useTitle } from "../title";
import type { Invoice, Order } from "../types";
import { NotFound } from "./not-found";

const STEPS = ["pending", "confirmed", "processing", "shipped", "delivered"] as const;
const LOOK_AGAIN_MS = 1_500;
const LOOKS = 40; // about a minute: then the shopper need not wait in front of the page

export function OrderPage({ id }: { id: string }) {
  useState(() => takeOrderKey(id)); // before the first question about it
  const search = new URLSearchParams(useSearch());
  const outcome = search.get("payment"); // as the payment page says: success, failure or cancelled
  const back = outcome === "success";
  const {
    data: order,
    error,
    refetch,
    ...query
  } = useQuery({
    ...orderQuery(id),
    // Back from the payment page its webhook may still be on the way: look again for a while.
    refetchInterval: ({ state }) =>
      back && state.data && isUnpaid(state.data) && state.dataUpdateCount < LOOKS ? LOOK_AGAIN_MS : false,
  });
  useTitle(order && t("Order {number}", { number: order.number }));
  if (isProblem(error) && error.status === 404) return <NotFound what="order" />;
  if (error) {
    return (
      <div className="page">
        <Trouble error={error} retry={refetch} />
      </div>
    );
  }
  if (!order) return <PageSkeleton />;
  const paidOrPlaced = search.has("placed") || back;
  return (
    <div className="page narrow order">
      <p className="hint">{t("Order {number}", { number: order.number })}</p>
      <h1>{orderWords(order)}</h1>
      <p className="order-next">{nextWords(order)}</p>
      {paidOrPlaced && !isUnpaid(order) && order.status !== "cancelled" && (
        <Notice kind="good">{t("Thank you! We have written you an e-mail with all of it.")}</Notice>
      )}
      {isUnpaid(order) && back && <WaitingForBank refetch={refetch} looking={query.isFetching} />}
      {isUnpaid(order) && <Unpaid order={order} outcome={outcome} />}
      <Tracker order={order} />
      <Parcels order={order} />
      <Actions order={order} />
      <OrderReturns order={order} />
      <OrderItems order={order} />
      <div className="order-where">
        <section>
          <h2>{t("Going to")}</h2>
          <AddressText address={order.shippingAddress} />
        </section>
        {order.shippingMethod.name && (
          <section>
            <h2>{t("Delivery")}</h2>
            <p>{order.shippingMethod.name}</p>
            <PromisedDays method={order.shippingMethod} />
          </section>
        )}
        <section>
          <h2>{t("Payment")}</h2>
          <p>{paymentWords(order)}</p>
        </section>
      </div>
      <History order={order} />
    </div>
  );
}

function PromisedDays({ method: { deliversFrom, deliversUntil } }: { method: Order["shippingMethod"] }) {
  if (!deliversFrom || !deliversUntil) return null;
  return <p className="hint">{t("arrives {when}", { when: days(deliversFrom, deliversUntil) })}</p>;
}

/** The payment page says that it is paid; only the provider's own word to the shop counts. */
function WaitingForBank({ refetch, looking }: { refetch: () => unknown; looking: boolean }) {
  return (
    <Notice>
      <p>
        {t(
          "Your bank is being asked. This takes a moment; you may close this page, and we write to you when it is paid.",
        )}
      </p>
      <button type="button" className="button button-quiet" disabled={looking} onClick={() => void refetch()}>
        {t("Look again")}
      </button>
    </Notice>
  );
}

function Unpaid({ order, outcome }: { order: Order; outcome: string | null }) {
  const key = useRef(new AttemptKey());
  const pay = useMutation({
    mutationFn: () => startPayment(order.id, key.current.for(order.paymentStatus)),
    onSuccess: (payment) => payment.redirectUrl && location.assign(payment.redirectUrl),
    // Perhaps it has been paid meanwhile, in another tab.
    onError: () => refresh(orderQuery(order.id).queryKey),
  });
  const canPay = settings.paymentMethods.some(({ method }) => method === "online");
  const declined = outcome === "failure" || order.paymentStatus === "failed";
  return (
    <Notice kind={declined ? "bad" : "info"}>
      <p>
        {order.paymentStatus === "partially_paid" && !outcome
          ? t("{amount} is paid. We send it as soon as the rest is.", {
              amount: money(order.amountPaid, order.currency),
            })
          : unpaidWords(declined ? "failure" : outcome)}{" "}
        {order.expiresAt && t("We hold your pieces until {when}.", { when: moment(order.expiresAt) })}
      </p>
      {pay.error && <p className="error">{said(pay.error)}</p>}
      {canPay && (
        <button type="button" className="button" disabled={pay.isPending} onClick={() => pay.mutate()}>
          {t("Pay {amount}", { amount: money(order.amountDue, order.currency) })}
        </button>
      )}
    </Notice>
  );
}

function unpaidWords(outcome: string | null): string {
  if (outcome === "failure") return t("The payment did not go through, and nothing was charged.");
  if (outcome === "success") return t("Not paid yet after all? You can pay here.");
  if (outcome === "cancelled") return t("You have left the payment page, and nothing was charged.");
  return t("This order is waiting for its payment.");
}

const stepWords = () => ({
  pending: t("Placed"),
  confirmed: t("Confirmed"),
  processing: t("Packed"),
  shipped: t("Shipped"),
  delivered: t("Delivered"),
});

function Tracker({ order }: { order: Order }) {
  const status = (order.status as string) === "partially_shipped" ? "processing" : order.status;
  const at = STEPS.indexOf(status as (typeof STEPS)[number]);
  if (at < 0) return null; // cancelled or returned: the headline says so
  return (
    <ol className="tracker">
      {STEPS.map((step, number) => (
        <li key={step} data-done={number <= at} aria-current={number === at ? "step" : undefined}>
          <span className="tracker-dot" aria-hidden="true">
            {number <= at && <Icon name="check" />}
          </span>
          {stepWords()[step]}
          <span className="visually-hidden">, {number <= at ? t("done") : t("to come")}</span>
        </li>
      ))}
    </ol>
  );
}

/** Every parcel that has left: with whom, what became of it, and what is in it if not all is. */
function Parcels({ order }: { order: Order }) {
  const left = order.fulfilments.filter((parcel) => parcel.shippedAt);
  const whole = left.length === 1 && order.status !== "partially_shipped";
  return left.map((parcel) => <Parcel key={parcel.id} parcel={parcel} order={whole ? undefined : order} />);
}

function Parcel({ parcel, order }: { parcel: Order["fulfilments"][number]; order?: Order }) {
  const { carrier, trackingNumber, trackingUrl } = parcel;
  const pieces = parcel.lines.map(({ lineId, quantity }) => {
    const item = order?.items.find(({ id }) => id === lineId);
    return item && `${quantity} × ${item.name}`;
  });
  return (
    <p className="shipment">
      <Icon name="truck" />{" "}
      {(carrier || trackingNumber) && t("With {carrier}, number {number}.", { carrier, number: trackingNumber })}{" "}
      {parcelWords(parcel)} {pieces.some(Boolean) && <span className="hint">{pieces.join(", ")}</span>}{" "}
      {trackingUrl && (parcel.status as string) === "shipped" && (
        <a href={trackingUrl} rel="noreferrer noopener" target="_blank">
          {t("Follow the parcel")}
        </a>
      )}
    </p>
  );
}

function OrderItems({ order }: { order: Order }) {
  return (
    <section aria-label={t("What is in it")}>
      <ul className="lines">
        {order.items.map((item) => (
          <li key={item.id} className="line">
            <ItemPicture image={item.image} />
            <div className="line-what">
              <Link href={`/p/${item.productId}`}>{item.name}</Link>
              <span className="hint">{[item.color, item.size].filter(Boolean).join(" · ")}</span>
              <span className="hint">
                {item.quantity} × {money(item.unitPrice, order.currency)}
              </span>
              {item.onBackOrder > 0 && <span className="line-note">{backOrderText(item)}</span>}
              {item.cancelled > 0 && (
                <span className="line-gone">
                  {tn(item.cancelled, "{count} piece cancelled", "{count} pieces cancelled")}
                </span>
              )}
              {item.returned > 0 && (
                <span className="line-gone">
                  {tn(item.returned, "{count} piece sent back", "{count} pieces sent back")}
                </span>
              )}
            </div>
            <strong className="line-total">{money(item.lineTotal, order.currency)}</strong>
          </li>
        ))}
      </ul>
      <QuoteLines quote={order} />
    </section>
  );
}

function ItemPicture({ image }: { image: Order["items"][number]["image"] }) {
  if (!image) return <span className="line-none" />;
  const source = typeof image === "string" ? { url: image } : image;
  return <Picture image={source} alt="" sizes={SIZES.line} width="72" height="90" />;
}

function Actions({ order }: { order: Order }) {
  return (
    <>
      <Invoices order={order} />
      <div className="actions order-actions">
        <Reorder order={order} />
        <CancelOrder order={order} />
        <Help />
      </div>
    </>
  );
}

/** What each paper is called. */
function nameOfPaper({ kind, number }: Invoice): string {
  switch (kind) {
    case "invoice":
      return t("Invoice {number} (PDF)", { number });
    case "credit_note":
      return t("Credit note {number} (PDF)", { number });
    case "receipt_voucher":
      return t("Receipt {number} (PDF)", { number });
    case "refund_voucher":
      return t("Refund voucher {number} (PDF)", { number });
  }
}

function Invoices({ order }: { order: Order }) {
  const { data: papers } = useQuery(invoices(order.id));
  const download = useMutation({
    mutationFn: ({ id }: { id: string; number: string }) => downloadInvoice(order.id, id),
    onSuccess: (file, { number }) => saveFile(file, `${number}.pdf`),
  });
  if (!papers?.length) return null;
  return (
    <>
      {download.error && <Notice kind="bad">{said(download.error)}</Notice>}
      <div className="actions order-actions">
        {papers.map((paper) => (
          <button
            key={paper.id}
            type="button"
            className="button button-quiet"
            disabled={download.isPending}
            onClick={() => download.mutate(paper)}
          >
            {nameOfPaper(paper)}
          </button>
        ))}
      </div>
    </>
  );
}

function Help() {
  const page = settings.pages.find(({ slug }) => slug === "contact");
  if (!page) return null;
  return <a href={href(`/pages/${page.slug}`)}>{t("Ask us about it")}</a>;
}

function History({ order }: { order: Order }) {
  const [open, setOpen] = useState(false);
  return (
    <details className="history" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{t("What happened so far")}</summary>
      {open && (
        <ol>
          {order.history.map((step) => (
            <li key={`${step.at}${step.kind}${step.to}`}>
              <time dateTime={step.at}>{moment(step.at)}</time> {stepText(step)}
              {step.note && <span className="hint"> {step.note}</span>}
            </li>
          ))}
        </ol>
      )}
    </details>
  );
}

function stepText({ to, kind }: Order["history"][number]): string {
  const words: Record<string, string> = {
    ...stepWords(),
    partially_shipped: t("Partly on its way"),
    undelivered: t("Could not be delivered"),
    cancelled: t("Cancelled"),
    returned: t("Returned"),
    paid: t("Paid"),
    failed: t("Payment failed"),
    refunded: t("Refunded"),
    requested: t("Return asked for"),
    approved: t("Return approved"),
    received: t("Return arrived"),
    completed: t("Return done"),
    rejected: t("Return not accepted"),
    refund: t("Refunded"),
  };
  return words[to || kind] ?? t("A note");
}
