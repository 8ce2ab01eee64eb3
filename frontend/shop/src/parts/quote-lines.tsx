import { isZero, money } from "../format";
import { t } from "../i18n";
import type { Quote } from "../types";

/** What carts and orders have in common; an order may lack the parts. */
type Sum = Pick<Quote, "subtotal" | "discount" | "shipping" | "tax" | "taxIncluded" | "total" | "currency"> &
  Partial<Pick<Quote, "discounts" | "fees" | "taxes" | "giftCards" | "amountDue">> & {
    paymentStatus?: string;
    waived?: string;
    refunded?: string;
  };

/** The sum, as the server made it. */
export function QuoteLines({ quote }: { quote: Sum }) {
  const { currency, discounts = [], fees = [], taxes = [], giftCards = [] } = quote;
  const feeNames: Record<string, string> = { cod: t("Cash on delivery fee") };
  return (
    <dl className="quote">
      <Line name={t("Subtotal")} amount={money(quote.subtotal, currency)} />
      {discounts.map(({ promotionId, name, amount }) => (
        <Line key={promotionId} name={name} amount={`−${money(amount, currency)}`} kind="good" />
      ))}
      {!discounts.length && !isZero(quote.discount) && (
        <Line name={t("Discount")} amount={`−${money(quote.discount, currency)}`} kind="good" />
      )}
      <Line name={t("Shipping")} amount={isZero(quote.shipping) ? t("Free") : money(quote.shipping, currency)} />
      {fees.map(({ kind, amount }) => (
        <Line key={kind} name={feeNames[kind] ?? kind} amount={money(amount, currency)} />
      ))}
      {taxes.map(({ name, rate, amount }) => (
        <Line
          key={`${name}${rate}`}
          name={quote.taxIncluded ? t("{tax} included", { tax: `${name} ${rate} %` }) : `${name} ${rate} %`}
          amount={money(amount, currency)}
          kind="hint"
        />
      ))}
      {!taxes.length && (
        <Line name={quote.taxIncluded ? t("Tax included") : t("Tax")} amount={money(quote.tax, currency)} kind="hint" />
      )}
      <Line name={t("Total")} amount={money(quote.total, currency)} kind="quote-total" />
      {quote.waived !== undefined && !isZero(quote.waived) && (
        <Line name={t("Not owed any more")} amount={`−${money(quote.waived, currency)}`} />
      )}
      {quote.refunded !== undefined && !isZero(quote.refunded) && (
        <Line name={t("Back to you")} amount={money(quote.refunded, currency)} />
      )}
      {giftCards.map(({ last4, amount }) => (
        <Line
          key={last4}
          name={last4 ? t("Gift card …{last4}", { last4 }) : t("Store credit")}
          amount={`−${money(amount, currency)}`}
        />
      ))}
      {(giftCards.length > 0 || quote.paymentStatus === "partially_paid" || owesLess(quote)) &&
        quote.amountDue !== undefined && (
          <Line name={t("To pay")} amount={money(quote.amountDue, currency)} kind="quote-total" />
        )}
    </dl>
  );
}

const owesLess = ({ waived }: Sum) => waived !== undefined && !isZero(waived);

function Line({ name, amount, kind }: { name: string; amount: string; kind?: "good" | "hint" | "quote-total" }) {
  return (
    <div className={kind}>
      <dt>{name}</dt>
      <dd>{amount}</dd>
    </div>
  );
}
