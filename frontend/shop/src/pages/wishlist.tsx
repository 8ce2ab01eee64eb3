import { useQuery } from "@tanstack/react-query";
import { Link } from "wouter";
import { wishlist } from "../api";
import { said } from "../errors";
import { Notice } from "../parts/notice";
import { ProductGrid } from "../parts/product-card";
import { SignedInOnly } from "../parts/signed-in-only";
import { CardSkeletons } from "../parts/skeleton";
import { useTitle } from "../title";

export function Wishlist() {
  useTitle("Wishlist");
  return (
    <SignedInOnly>
      <Wishes />
    </SignedInOnly>
  );
}

function Wishes() {
  const { data, error } = useQuery(wishlist());
  return (
    <div className="page">
      <h1>Wishlist</h1>
      {error && <Notice kind="bad">{said(error)}</Notice>}
      {!data && !error && <CardSkeletons many={4} />}
      {data?.items.length === 0 && (
        <div className="empty">
          <p>Press the heart on what you would like to keep an eye on.</p>
          <Link href="/shop" className="button">
            Look around
          </Link>
        </div>
      )}
      {data && data.items.length > 0 && <ProductGrid products={data.items.map((item) => item.product)} />}
    </div>
  );
}
