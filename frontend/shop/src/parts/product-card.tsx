import { Link } from "wouter";
import { count } from "../format";
import type { Product } from "../types";
import { Price } from "./price";
import { Stars } from "./stars";
import { WishButton } from "./wish-button";

export function ProductCard({ product, eager = false }: { product: Product; eager?: boolean }) {
  return (
    <li className="card">
      <Link href={`/p/${product.slug}`} className="card-link">
        <Picture product={product} eager={eager} />
        <span className="card-brand">{product.brand}</span>
        <h3>{product.name}</h3>
        <Price of={product} />
        <span className="card-meta">
          {product.rating !== null && <Stars rating={product.rating} reviews={product.reviewCount} />}
          {product.colors.length > 1 && <span>{count(product.colors.length, "colour")}</span>}
        </span>
      </Link>
      <WishButton productId={product.id} name={product.name} />
    </li>
  );
}

function Picture({ product, eager }: { product: Product; eager: boolean }) {
  const flag = !product.inStock ? "Sold out" : product.salePrice !== null ? "Sale" : product.isNewArrival ? "New" : "";
  return (
    <span className="picture" data-sold-out={!product.inStock}>
      {product.image ? (
        <img
          src={product.image.url}
          alt={product.image.altText || product.name}
          width="480"
          height="600"
          loading={eager ? "eager" : "lazy"}
          decoding="async"
        />
      ) : (
        <span className="picture-none" aria-hidden="true">
          {product.name.charAt(0)}
        </span>
      )}
      {flag && <span className="flag">{flag}</span>}
    </span>
  );
}

export function ProductGrid({ products }: { products: readonly Product[] }) {
  return (
    <ul className="grid">
      {products.map((product, at) => (
        <ProductCard key={product.id} product={product} eager={at < 4} />
      ))}
    </ul>
  );
}
