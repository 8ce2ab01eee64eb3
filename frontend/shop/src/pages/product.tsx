import { isProblem } from "@markrin/client";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { Link } from "wouter";
import { product as productQuery, related as relatedQuery } from "../api";
import { seen } from "../beacon";
import { said } from "../errors";
import { BuyBox } from "../parts/buy-box";
import { Notice } from "../parts/notice";
import { Price } from "../parts/price";
import { ProductGrid } from "../parts/product-card";
import { Reviews } from "../parts/reviews";
import { PageSkeleton } from "../parts/skeleton";
import { Stars } from "../parts/stars";
import { useTitle } from "../title";
import type { ProductDetail } from "../types";
import { NotFound } from "./not-found";

export function ProductPage({ slug }: { slug: string }) {
  const { data: product, error } = useQuery(productQuery(slug));
  useTitle(product?.name);
  const [picture, setPicture] = useState(0);
  const id = product?.id;
  useEffect(() => {
    if (id) seen({ type: "view", productId: id });
  }, [id]);
  if (isProblem(error) && error.status === 404) return <NotFound />;
  if (error) {
    return (
      <div className="page">
        <Notice kind="bad">{said(error)}</Notice>
      </div>
    );
  }
  if (!product) return <PageSkeleton />;
  return (
    <div className="page product">
      <nav className="crumbs" aria-label="Where you are">
        <Link href="/">Home</Link>
        {product.categoryPath.map((step) => (
          <Link key={step.id} href={`/shop/${step.slug}`}>
            {step.name}
          </Link>
        ))}
      </nav>
      <div className="product-top">
        <Gallery product={product} at={picture} setAt={setPicture} />
        <div className="product-words">
          <p className="card-brand">{product.brand}</p>
          <h1>{product.name}</h1>
          <p className="product-price">
            <Price of={product} />
          </p>
          {product.rating !== null && (
            <a href="#reviews" className="plain">
              <Stars rating={product.rating} reviews={product.reviewCount} />
            </a>
          )}
          <BuyBox product={product} onColor={(color) => setPicture((now) => pictureOf(product, color) ?? now)} />
          <div className="product-text">
            {product.description.split("\n").map((line, at) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: a text's lines do not move
              <p key={at}>{line}</p>
            ))}
            <dl className="facts">
              {product.material && (
                <div>
                  <dt>Material</dt>
                  <dd>{product.material}</dd>
                </div>
              )}
              {product.collection && (
                <div>
                  <dt>Collection</dt>
                  <dd>
                    <Link href={`/shop?collection=${encodeURIComponent(product.collection)}`}>
                      {product.collection}
                    </Link>
                  </dd>
                </div>
              )}
            </dl>
          </div>
        </div>
      </div>
      <Reviews product={product} />
      <Related product={product} />
    </div>
  );
}

/** The picture that says that it shows this colour. */
function pictureOf(product: ProductDetail, color: string): number | undefined {
  const at = product.images.findIndex((image) => image.altText.toLowerCase().includes(color.toLowerCase()));
  return at < 0 ? undefined : at;
}

interface GalleryProps {
  product: ProductDetail;
  at: number;
  setAt: (at: number) => void;
}

function Gallery({ product, at, setAt }: GalleryProps) {
  const main = product.images[at] ?? product.images[0];
  if (!main) return <div className="picture picture-none">{product.name.charAt(0)}</div>;
  return (
    <div className="gallery">
      <div className="picture">
        <img src={main.url} alt={main.altText || product.name} width="960" height="1200" fetchPriority="high" />
      </div>
      {product.images.length > 1 && (
        <ul>
          {product.images.map((image, number) => (
            <li key={image.id}>
              <button
                type="button"
                aria-label={`Picture ${number + 1} of ${product.images.length}`}
                aria-pressed={number === at}
                onClick={() => setAt(number)}
              >
                <img src={smallest(image)} alt="" width="96" height="120" />
              </button>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

function smallest(image: ProductDetail["images"][number]): string {
  const [side] = Object.keys(image.thumbnails).sort((one, other) => Number(one) - Number(other));
  return (side && image.thumbnails[side]) || image.url;
}

function Related({ product }: { product: ProductDetail }) {
  const { data } = useQuery(relatedQuery(product.slug));
  if (!data?.items.length) return null;
  return (
    <section aria-labelledby="related">
      <h2 id="related">Goes well with it</h2>
      <ProductGrid products={data.items.slice(0, 4)} />
    </section>
  );
}
