import { money, percentOff } from "../format";

interface Priced {
  basePrice: string;
  salePrice: string | null;
  price: string;
  currency: string;
}

export function Price({ of }: { of: Priced }) {
  if (of.salePrice === null) return <span className="price">{money(of.price, of.currency)}</span>;
  return (
    <span className="price">
      <span className="sale">{money(of.price, of.currency)}</span> <span className="visually-hidden">instead of</span>
      <s>{money(of.basePrice, of.currency)}</s> <span className="off">−{percentOff(of.basePrice, of.salePrice)}%</span>
    </span>
  );
}
