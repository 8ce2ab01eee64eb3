import { isProblem } from "@markrin/client";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { Link } from "wouter";
import { product as productQuery, related as relatedQuery } from "../api";
import { seen } from "../beacon";
import { t } from "../i18n";
import { recentlySeen } from "../own-lists";
import { BuyBox, firstColor } from "../parts/buy-box";
import { ProductDelivery } from "../parts/delivery";
import { genderNames } from "../parts/facet-panel";
import { Gallery } from "../parts/gallery";
import { Price } from "../parts/price";
import { ProductGrid } from "../parts/product-card";
import { RecentlySeen } from "../parts/recently-seen";
import { Reviews } from "../parts/reviews";
import { PageSkeleton } from "../parts/skeleton";
import { Stars } from "../parts/stars";
import { Trouble } from "../parts/trouble";
import { useTitle } from "../title";
import type { ProductDetail } from "../types";
import { Crumbs } from "./catalogue";
import { NotFound } from "./not-found";

export function ProductPage({ slug }: { slug: string }) {
  const { data: product, error, refetch } = useQuery(productQuery(slug));
  useTitle(product?.name);
  const id = product?.id;
  useEffect(() => {
    if (!id) return;
    seen({ type: "view", productId: id });
    recentlySeen.add(id);
  }, [id]);
  if (isProblem(error) && error.status === 404) return <NotFound what="product" />;
  if (error) {
    return (
      <div className="page">
        <Trouble error={error} retry={refetch} />
      </div>
    );
  }
  if (!product) return <PageSkeleton />;
  return <Product product={product} />;
}

function Product({ product }: { product: ProductDetail }) {
  const [color, setColor] = useState(() => firstColor(product));
  return (
    <div className="page product">
      <Crumbs trail={product.categoryPath} />
      <div className="product-top">
        <Gallery product={product} color={color} />
        <div className="product-words">
          <p className="card-brand">{product.brand}</p>
          <h1>{product.name}</h1>
          <p className="product-price">
            <Price of={product} detailed />
          </p>
          {product.rating !== null && (
            <a href="#reviews" className="plain">
              <Stars rating={product.rating} reviews={product.reviewCount} />
            </a>
          )}
          <BuyBox product={product} color={color} setColor={setColor} />
          {!product.isGiftCard && <ProductDelivery productId={product.id} />}
          <Description product={product} />
        </div>
      </div>
      <Reviews product={product} />
      <Related product={product} />
      <RecentlySeen except={product.id} />
    </div>
  );
}

function Description({ product }: { product: ProductDetail }) {
  const facts: [string, string][] = [
    [t("Material"), product.material],
    [t("For"), genderNames()[product.gender]],
  ];
  return (
    <div className="product-text">
      {product.description.split("\n").map((line, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a text's lines do not move
        <p key={at}>{line}</p>
      ))}
      <dl className="facts">
        {facts
          .filter(([, value]) => value)
          .map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        {product.collection && (
          <div>
            <dt>{t("Collection")}</dt>
            <dd>
              <CollectionLink of={product} />
            </dd>
          </div>
        )}
      </dl>
    </div>
  );
}

function CollectionLink({ of: { collection } }: { of: ProductDetail }) {
  return <Link href={`/shop?collection=${encodeURIComponent(collection)}`}>{collection}</Link>;
}

function Related({ product }: { product: ProductDetail }) {
  const { data } = useQuery(relatedQuery(product.slug));
  if (!data?.items.length) return null;
  return (
    <section aria-labelledby="related">
      <h2 id="related">{t("Goes well with it")}</h2>
      <ProductGrid products={data.items.slice(0, 4)} />
    </section>
  );
}
