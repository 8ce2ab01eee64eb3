import { useQuery } from "@tanstack/react-query";
import { Link, useSearch } from "wouter";
import { orders } from "../api";
import { day, money } from "../format";
import { t, tn } from "../i18n";
import { orderWords } from "../parts/order-words";
import { Pagination } from "../parts/pagination";
import { SignedInOnly } from "../parts/signed-in-only";
import { Bone } from "../parts/skeleton";
import { Trouble } from "../parts/trouble";
import { useTitle } from "../title";

export function Orders() {
  useTitle(t("Your orders"));
  return (
    <SignedInOnly>
      <OrderList />
    </SignedInOnly>
  );
}

function OrderList() {
  const page = Number(new URLSearchParams(useSearch()).get("page") ?? 1) || 1;
  const { data, error, refetch } = useQuery(orders(page));
  return (
    <div className="page narrow">
      <h1>{t("Your orders")}</h1>
      <Trouble error={error} retry={refetch} />
      {!data && !error && <Bone shape="box" />}
      {data?.total === 0 && (
        <div className="empty">
          <p>{t("You have not ordered anything yet.")}</p>
          <Link href="/shop" className="button">
            {t("Look around")}
          </Link>
        </div>
      )}
      <ul className="order-list">
        {data?.items.map((order) => (
          <li key={order.id}>
            <Link href={`/orders/${order.id}`}>
              <span>
                <strong>{order.number}</strong>
                <span className="hint">{day(order.createdAt)}</span>
              </span>
              <span className="hint">
                {tn(
                  order.items.reduce((sum, item) => sum + item.quantity, 0),
                  "{count} piece",
                  "{count} pieces",
                )}
              </span>
              <span className="tag" data-status={order.status}>
                {orderWords(order)}
              </span>
              <strong>{money(order.total, order.currency)}</strong>
            </Link>
          </li>
        ))}
      </ul>
      {data && <Pagination page={data.page} pages={data.pages} href={(next) => `/orders?page=${next}`} />}
    </div>
  );
}
