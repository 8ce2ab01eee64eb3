/** One order: where it is, what is in it, and what can still be done about it. */

import { AttemptKey, isProblem } from "@markrin/client";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { Link, useSearch } from "wouter";
import { cancelOrder, invoice, keep, order as orderQuery, startPayment } from "../api";
import { said } from "../errors";
import { capital, moment, money } from "../format";
import { AddressText } from "../parts/address-form";
import { Dialog } from "../parts/dialog";
import { Icon } from "../parts/icon";
import { Notice } from "../parts/notice";
import { orderWords } from "../parts/order-words";
import { QuoteLines } from "../parts/quote-lines";
import { PageSkeleton } from "../parts/skeleton";
import { useTitle } from "../title";
import type { Order } from "../types";
import { NotFound } from "./not-found";

const STEPS = ["pending", "confirmed", "processing", "shipped", "delivered"] as const;
const STEP_WORDS = {
  pending: "Placed",
  confirmed: "Confirmed",
  processing: "Packed",
  shipped: "Shipped",
  delivered: "Delivered",
};

export function OrderPage({ id }: { id: string }) {
  const search = new URLSearchParams(useSearch());
  const { data: order, error } = useQuery({
    ...orderQuery(id),
    // Back from the payment page its webhook may still be on the way: look again for a while.
    refetchInterval: ({ state }) =>
      search.get("payment") === "success" && state.data?.status === "pending" && state.dataUpdateCount < 20
        ? 1_500
        : false,
  });
  useTitle(order ? `Order ${order.number}` : undefined);
  if (isProblem(error) && error.status === 404) return <NotFound />;
  if (error) {
    return (
      <div className="page">
        <Notice kind="bad">{said(error)}</Notice>
      </div>
    );
  }
  if (!order) return <PageSkeleton />;
  const unpaid = order.paymentMethod === "online" && order.status === "pending" && order.paymentStatus !== "paid";
  return (
    <div className="page narrow order">
      <p className="hint">Order {order.number}</p>
      <h1>{search.has("placed") || search.get("payment") === "success" ? "Thank you!" : orderWords(order)}</h1>
      {order.status === "confirmed" && (search.has("placed") || search.has("payment")) && (
        <Notice kind="good">Your order is confirmed. We have written you an e-mail with all of it.</Notice>
      )}
      {unpaid && <Unpaid order={order} failed={search.get("payment") === "failure"} />}
      <Tracker order={order} />
      {order.shipment && <Shipment shipment={order.shipment} />}
      <OrderItems order={order} />
      <div className="order-where">
        <section>
          <h2>Going to</h2>
          <AddressText address={order.shippingAddress} />
        </section>
        <section>
          <h2>Payment</h2>
          <p>
            {order.paymentMethod === "cod" ? "Cash on delivery" : "Online"} · {capital(order.paymentStatus)}
          </p>
        </section>
      </div>
      <Actions order={order} />
      <History order={order} />
    </div>
  );
}

function Unpaid({ order, failed }: { order: Order; failed: boolean }) {
  const key = useRef(new AttemptKey());
  const pay = useMutation({
    mutationFn: () => startPayment(order.id, key.current.for(order.paymentStatus)),
    onSuccess: (payment) => payment.redirectUrl && location.assign(payment.redirectUrl),
  });
  return (
    <Notice kind={failed || order.paymentStatus === "failed" ? "bad" : "info"}>
      <p>
        {failed || order.paymentStatus === "failed"
          ? "The payment did not go through, and nothing was charged."
          : "This order is waiting for its payment."}{" "}
        {order.expiresAt && `We hold your pieces until ${moment(order.expiresAt)}.`}
      </p>
      {pay.error && <p className="error">{said(pay.error)}</p>}
      <button type="button" className="button" disabled={pay.isPending} onClick={() => pay.mutate()}>
        Pay {money(order.total, order.currency)}
      </button>
    </Notice>
  );
}

function Tracker({ order }: { order: Order }) {
  const at = STEPS.indexOf(order.status as (typeof STEPS)[number]);
  if (at < 0) return null; // cancelled or returned: the headline says so
  return (
    <ol className="tracker">
      {STEPS.map((step, number) => (
        <li key={step} data-done={number <= at} aria-current={number === at ? "step" : undefined}>
          <span className="tracker-dot" aria-hidden="true">
            {number <= at && <Icon name="check" />}
          </span>
          {STEP_WORDS[step]}
          <span className="visually-hidden">{number <= at ? ", done" : ", to come"}</span>
        </li>
      ))}
    </ol>
  );
}

function Shipment({ shipment }: { shipment: NonNullable<Order["shipment"]> }) {
  return (
    <p className="shipment">
      With {shipment.carrier}, number{" "}
      {shipment.trackingUrl ? (
        <a href={shipment.trackingUrl} rel="noreferrer noopener" target="_blank">
          {shipment.trackingNumber}
        </a>
      ) : (
        shipment.trackingNumber
      )}
    </p>
  );
}

function OrderItems({ order }: { order: Order }) {
  return (
    <section aria-label="What is in it">
      <ul className="lines">
        {order.items.map((item) => (
          <li key={item.id} className="line">
            {item.image ? <img src={item.image} alt="" width="72" height="90" /> : <span className="line-none" />}
            <div className="line-what">
              <Link href={`/p/${item.productId}`}>{item.name}</Link>
              <span className="hint">{[item.color, item.size].filter(Boolean).join(" · ")}</span>
              <span className="hint">
                {item.quantity} × {money(item.unitPrice, order.currency)}
              </span>
            </div>
            <strong className="line-total">{money(item.lineTotal, order.currency)}</strong>
          </li>
        ))}
      </ul>
      <QuoteLines quote={order} />
    </section>
  );
}

function Actions({ order }: { order: Order }) {
  const [asking, setAsking] = useState(false);
  const cancel = useMutation({
    mutationFn: () => cancelOrder(order.id),
    onSuccess: (now) => keep(orderQuery(order.id).queryKey, now),
    onSettled: () => setAsking(false),
  });
  const print = useMutation({
    mutationFn: () => invoice(order.id),
    onSuccess: (file) => save(file, `${order.number}.pdf`),
  });
  const error = cancel.error ?? print.error;
  return (
    <>
      {error && <Notice kind="bad">{said(error)}</Notice>}
      <p className="actions">
        <button type="button" className="button button-quiet" disabled={print.isPending} onClick={() => print.mutate()}>
          Invoice (PDF)
        </button>
        {["pending", "confirmed", "processing"].includes(order.status) && (
          <button type="button" className="button button-quiet" onClick={() => setAsking(true)}>
            Cancel this order
          </button>
        )}
      </p>
      <Dialog open={asking} onClose={() => setAsking(false)} title="Cancel this order?">
        <p>What you have paid goes back to you. This cannot be undone.</p>
        <p className="actions">
          <button type="button" className="button" disabled={cancel.isPending} onClick={() => cancel.mutate()}>
            Yes, cancel it
          </button>
          <button type="button" className="button button-quiet" onClick={() => setAsking(false)}>
            Keep it
          </button>
        </p>
      </Dialog>
    </>
  );
}

function save(file: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

function History({ order }: { order: Order }) {
  return (
    <details className="history">
      <summary>What happened so far</summary>
      <ol>
        {order.history.map((step) => (
          <li key={`${step.at}${step.kind}${step.to}`}>
            <time dateTime={step.at}>{moment(step.at)}</time> {capital(step.to || step.kind)}
            {step.note && <span className="hint"> {step.note}</span>}
          </li>
        ))}
      </ol>
    </details>
  );
}
