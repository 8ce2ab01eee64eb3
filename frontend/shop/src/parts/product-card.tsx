import { Link } from "wouter";
import { t, tn } from "../i18n";
import type { Product } from "../types";
import { Picture, SIZES } from "./picture";
import { Price } from "./price";
import { Stars } from "./stars";
import { WishButton } from "./wish-button";

interface CardProps {
  product: Product;
  /** In sight at once, so not to be loaded late. */
  eager?: boolean;
  /** The largest thing that is first seen. */
  first?: boolean;
  sizes?: string;
  /** Which heading its name is: one below what stands above the grid. */
  heading?: "h2" | "h3";
}

export function ProductCard(props: CardProps) {
  const { product, eager = false, first = false, sizes = SIZES.card, heading: Heading = "h3" } = props;
  return (
    <li className="card">
      <Link href={`/p/${product.slug}`} className="card-link">
        <CardPicture product={product} eager={eager} first={first} sizes={sizes} />
        <span className="card-brand">{product.brand}</span>
        <Heading>{product.name}</Heading>
        <Price of={product} />
        <span className="card-meta">
          {product.rating !== null && <Stars rating={product.rating} reviews={product.reviewCount} />}
          {product.colors.length > 1 && <span>{tn(product.colors.length, "{count} colour", "{count} colours")}</span>}
        </span>
      </Link>
      <WishButton productId={product.id} name={product.name} />
    </li>
  );
}

function CardPicture({ product, eager, first, sizes }: Required<Omit<CardProps, "heading">>) {
  return (
    <span className="picture" data-sold-out={!product.inStock}>
      {product.image ? (
        <Picture
          image={product.image}
          alt={product.image.altText || product.name}
          sizes={sizes}
          loading={eager ? "eager" : "lazy"}
          fetchPriority={first ? "high" : "auto"}
        />
      ) : (
        <span className="picture-none" aria-hidden="true">
          {product.name.charAt(0)}
        </span>
      )}
      <Flag product={product} />
    </span>
  );
}

function Flag({ product }: { product: Product }) {
  if (!product.inStock) return <span className="flag">{t("Sold out")}</span>;
  if (product.salePrice !== null) return <span className="flag flag-sale">{t("Sale")}</span>;
  if (product.isNewArrival) return <span className="flag">{t("New")}</span>;
  return null;
}

interface GridProps {
  products: readonly Product[];
  sizes?: string;
  /** How many are in sight at once; none where the grid stands further down. */
  eager?: number;
  listed?: boolean;
  heading?: "h2" | "h3";
}

export function ProductGrid({ products, sizes = SIZES.card, eager = 0, listed = false, heading = "h3" }: GridProps) {
  return (
    <ul className={listed ? "grid grid-listed" : "grid"}>
      {products.map((product, at) => (
        <ProductCard
          key={product.id}
          product={product}
          eager={at < eager}
          first={at === 0 && eager > 0}
          sizes={sizes}
          heading={heading}
        />
      ))}
    </ul>
  );
}
