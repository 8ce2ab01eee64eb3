import { money, percentOff } from "../format";
import { t } from "../i18n";

interface Priced {
  basePrice: string;
  salePrice: string | null;
  price: string;
  priceMax?: string | null;
  /** The lowest price of the 30 days before the reduction began (Directive 98/6/EC, article 6a). */
  lowestPriorPrice?: string | null;
  currency: string;
}

export function Price({ of, detailed = false }: { of: Priced; detailed?: boolean }) {
  const from =
    of.priceMax && of.priceMax !== of.price ? t("from {price}", { price: money(of.price, of.currency) }) : "";
  if (of.salePrice === null) return <span className="price">{from || money(of.price, of.currency)}</span>;
  const before = of.lowestPriorPrice ?? of.basePrice; // what a percentage refers to
  const percent = percentOff(before, of.salePrice);
  return (
    <span className="price">
      <span className="sale">{from || money(of.price, of.currency)}</span>{" "}
      <span className="visually-hidden">{t("instead of")}</span>
      <s>{money(of.basePrice, of.currency)}</s> {percent > 0 && <span className="off">−{percent}%</span>}
      {detailed && of.lowestPriorPrice && (
        <span className="hint prior">
          {t("Lowest price of the 30 days before: {price}", { price: money(of.lowestPriorPrice, of.currency) })}
        </span>
      )}
    </span>
  );
}
