import { money } from "../format";
import type { Quote } from "../types";

/** The sum, as the server made it. */
export function QuoteLines({ quote }: { quote: Quote }) {
  const { currency } = quote;
  return (
    <dl className="quote">
      <div>
        <dt>Subtotal</dt>
        <dd>{money(quote.subtotal, currency)}</dd>
      </div>
      {quote.discount !== "0.00" && (
        <div className="good">
          <dt>Discount</dt>
          <dd>−{money(quote.discount, currency)}</dd>
        </div>
      )}
      <div>
        <dt>Shipping</dt>
        <dd>{quote.shipping === "0.00" ? "Free" : money(quote.shipping, currency)}</dd>
      </div>
      <div className="hint">
        <dt>{quote.taxIncluded ? "GST included" : "GST"}</dt>
        <dd>{money(quote.tax, currency)}</dd>
      </div>
      <div className="quote-total">
        <dt>Total</dt>
        <dd>{money(quote.total, currency)}</dd>
      </div>
    </dl>
  );
}
