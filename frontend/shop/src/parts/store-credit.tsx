import { useQuery } from "@tanstack/react-query";
import { Link } from "wouter";
import { storeCredit } from "../api";
import { day, money } from "../format";
import { t } from "../i18n";
import { Bone } from "./skeleton";
import { Trouble } from "./trouble";

const kinds = (): Record<string, string> => ({
  issue: t("Given to you"),
  redeem: t("Paid with it"),
  refund: t("Refunded"),
  expire: t("Expired"),
  correct: t("Corrected"),
});

/** The account's store credit, and how it came about. */
export function StoreCredit() {
  const { data, error, refetch } = useQuery(storeCredit());
  if (error) return <Trouble error={error} retry={refetch} />;
  if (!data) return <Bone shape="box" />;
  return (
    <>
      <p>{t("You have {amount} of store credit.", { amount: money(data.balance, data.currency) })}</p>
      <dl className="quote">
        {data.entries.map(({ at, kind, amount, orderNumber, reason }) => (
          <div key={`${at}${amount}`}>
            <dt>
              {day(at)} · {[kinds()[kind], orderNumber, reason].filter(Boolean).join(" · ")}
            </dt>
            <dd>{money(amount, data.currency)}</dd>
          </div>
        ))}
      </dl>
      <p>
        <Link href="/gift-cards">{t("See what is left on a gift card")}</Link>
      </p>
    </>
  );
}
