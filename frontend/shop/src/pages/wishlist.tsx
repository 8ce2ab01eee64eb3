import { useQuery } from "@tanstack/react-query";
import { Link } from "wouter";
import { productsByIds, wishlist } from "../api";
import { rich, t } from "../i18n";
import { guestWishlist, useProductList } from "../own-lists";
import { ProductGrid } from "../parts/product-card";
import { CardSkeletons } from "../parts/skeleton";
import { Trouble } from "../parts/trouble";
import { useSession } from "../shop";
import { useTitle } from "../title";
import type { Product } from "../types";

export function Wishlist() {
  useTitle(t("Wishlist"));
  const { signedIn } = useSession();
  return (
    <div className="page">
      <h1>{t("Wishlist")}</h1>
      {signedIn ? <Wishes /> : <GuestWishes />}
    </div>
  );
}

function Wishes() {
  const { data, error, refetch } = useQuery(wishlist());
  if (error) return <Trouble error={error} retry={refetch} />;
  return <List products={data?.items.map((item) => item.product)} />;
}

function GuestWishes() {
  const ids = useProductList(guestWishlist);
  const { data, error, refetch } = useQuery({ ...productsByIds(ids), enabled: ids.length > 0 });
  if (error) return <Trouble error={error} retry={refetch} />;
  return (
    <>
      {ids.length > 0 && (
        <p className="hint">
          {rich("This list is kept in this browser. {link} to have it everywhere.", {
            link: <Link href="/sign-in?next=/wishlist">{t("Sign in")}</Link>,
          })}
        </p>
      )}
      <List products={ids.length ? data?.items.filter((product) => ids.includes(product.id)) : []} />
    </>
  );
}

function List({ products }: { products: readonly Product[] | undefined }) {
  if (!products) return <CardSkeletons many={4} />;
  if (products.length) return <ProductGrid products={products} eager={4} heading="h2" />;
  return (
    <div className="empty">
      <p>{t("Press the heart on what you would like to keep an eye on.")}</p>
      <Link href="/shop" className="button">
        {t("Look around")}
      </Link>
    </div>
  );
}
