/** The returns of an order: where each is, its label, and the way out of it. */

import { useMutation } from "@tanstack/react-query";
import { Link } from "wouter";
import { cancelReturn, order as orderQuery, refresh, returnLabel } from "../api";
import { said } from "../errors";
import { day } from "../format";
import { t, tn } from "../i18n";
import { returnReasons } from "../pages/return";
import { saveFile } from "../save-file";
import type { Order } from "../types";
import { Notice } from "./notice";

type Asked = Order["returns"][number];

const returnWords = (): Record<string, string> => ({
  requested: t("Asked for"),
  approved: t("Approved: please send it"),
  received: t("Arrived, being looked at"),
  completed: t("Done"),
  rejected: t("Not accepted"),
  cancelled: t("Cancelled"),
});

export function OrderReturns({ order }: { order: Order }) {
  const canAsk = order.returnable.length > 0 && isAhead(order.returnableUntil);
  const canWithdraw = order.returnable.length > 0 && isAhead(order.withdrawableUntil);
  if (!order.returns.length && !canAsk && !canWithdraw) return null;
  return (
    <section className="order-returns">
      <h2>{t("Returns")}</h2>
      {order.returns.length > 0 && (
        <ul className="ways">
          {order.returns.map((asked) => (
            <OneReturn key={asked.id} order={order} asked={asked} />
          ))}
        </ul>
      )}
      <p className="actions">
        {canAsk && (
          <Link href={`/orders/${order.id}/return`} className="button button-quiet">
            {t("Send pieces back or exchange them")}
          </Link>
        )}
        {canWithdraw && (
          <Link href={`/orders/${order.id}/withdraw`} className="button button-quiet">
            {t("Withdraw from the contract")}
          </Link>
        )}
      </p>
      {canAsk && order.returnableUntil && (
        <p className="hint">{t("Possible until {day}.", { day: day(order.returnableUntil) })}</p>
      )}
    </section>
  );
}

const isAhead = (moment: string | null) => moment !== null && new Date(moment) > new Date();

function OneReturn({ order, asked }: { order: Order; asked: Asked }) {
  const print = useMutation({
    mutationFn: () => returnLabel(order.id, asked.id),
    onSuccess: (file) => saveFile(file, `${asked.number}.pdf`),
  });
  const cancel = useMutation({
    mutationFn: () => cancelReturn(order.id, asked.id),
    onSettled: () => refresh(orderQuery(order.id).queryKey),
  });
  const pieces = asked.lines.reduce((sum, { quantity }) => sum + quantity, 0);
  const error = print.error ?? cancel.error;
  return (
    <li>
      <h3>{returnWords()[asked.status] ?? asked.status}</h3>
      <p className="hint">
        {asked.number} · {tn(pieces, "{count} piece", "{count} pieces")} ·{" "}
        {returnReasons()[asked.reason] ?? asked.reason}
      </p>
      {asked.note && <p>{asked.note}</p>}
      {asked.status === "approved" && asked.sendBy && (
        <p>{t("It should arrive by {day}.", { day: day(asked.sendBy) })}</p>
      )}
      {error && <Notice kind="bad">{said(error)}</Notice>}
      <p className="actions">
        {asked.status === "approved" && (
          <button type="button" className="button" disabled={print.isPending} onClick={() => print.mutate()}>
            {t("Label (PDF)")}
          </button>
        )}
        {asked.labelUrl && (
          <a href={asked.labelUrl} className="button" rel="noreferrer noopener" target="_blank">
            {t("The carrier's label")}
          </a>
        )}
        {asked.exchangeOrderId && <Link href={`/orders/${asked.exchangeOrderId}`}>{t("What you get instead")}</Link>}
        {(asked.status === "requested" || asked.status === "approved") && (
          <button
            type="button"
            className="button button-quiet"
            disabled={cancel.isPending}
            onClick={() => cancel.mutate()}
          >
            {t("Keep the pieces after all")}
          </button>
        )}
      </p>
    </li>
  );
}
