import { useQuery } from "@tanstack/react-query";
import { productsByIds } from "../api";
import { t } from "../i18n";
import { recentlySeen, useProductList } from "../own-lists";
import { ProductGrid } from "./product-card";

const SHOWN = 4;

/** What this browser has looked at lately, but not the product that is being looked at. */
export function RecentlySeen({ except }: { except?: string }) {
  const ids = useProductList(recentlySeen)
    .filter((id) => id !== except)
    .slice(0, SHOWN);
  const { data } = useQuery({ ...productsByIds(ids), enabled: ids.length > 0 });
  if (!data?.items.length) return null;
  return (
    <section className="page" aria-labelledby="seen">
      <h2 id="seen">{t("Recently seen")}</h2>
      <ProductGrid products={data.items} />
    </section>
  );
}
