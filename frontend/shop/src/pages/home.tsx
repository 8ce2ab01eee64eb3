import { useQuery } from "@tanstack/react-query";
import { Link } from "wouter";
import { categories, featured, newArrivals } from "../api";
import { said } from "../errors";
import { count } from "../format";
import { Notice } from "../parts/notice";
import { ProductGrid } from "../parts/product-card";
import { Bone, CardSkeletons } from "../parts/skeleton";
import { useTitle } from "../title";

export function Home() {
  useTitle(undefined);
  return (
    <>
      <Hero />
      <Shelves />
      <Row title="Chosen for you to look at" query={featured} href="/shop?featured=true" />
      <Row title="Just arrived" query={newArrivals} href="/shop?newArrival=true" />
    </>
  );
}

function Hero() {
  const { data } = useQuery(featured);
  const [first, second] = data?.items.filter((product) => product.image) ?? [];
  return (
    <section className="hero">
      <div className="hero-words">
        <p className="eyebrow">This season</p>
        <h1>Clothes for a slower wardrobe</h1>
        <p>Good cloth, honest cuts and sizes that tell you the truth. Free shipping above ₹1,000.</p>
        <p className="hero-links">
          <Link href="/shop" className="button">
            See everything
          </Link>
          <Link href="/shop?onSale=true" className="link">
            or begin with the sale
          </Link>
        </p>
      </div>
      <div className="hero-pictures">
        {[first, second].map((product, at) =>
          product?.image ? (
            <Link key={product.id} href={`/p/${product.slug}`} aria-label={product.name}>
              <img src={product.image.url} alt="" width="480" height="600" fetchPriority="high" />
            </Link>
          ) : (
            <Bone key={at === 0 ? "first" : "second"} shape="picture" />
          ),
        )}
      </div>
    </section>
  );
}

function Shelves() {
  const { data } = useQuery(categories);
  if (!data) return null;
  return (
    <section className="page" aria-labelledby="shelves">
      <h2 id="shelves">The shelves</h2>
      <ul className="shelves">
        {data.items.map((category) => (
          <li key={category.id}>
            <Link href={`/shop/${category.slug}`}>
              <span>{category.name}</span>
              <span className="hint">{count(category.productCount, "product")}</span>
            </Link>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Row({ title, query, href }: { title: string; query: typeof featured | typeof newArrivals; href: string }) {
  const { data, error } = useQuery(query as typeof featured);
  if (data?.items.length === 0) return null;
  return (
    <section className="page">
      <div className="row-head">
        <h2>{title}</h2>
        <Link href={href}>See all</Link>
      </div>
      {error ? (
        <Notice kind="bad">{said(error)}</Notice>
      ) : data ? (
        <ProductGrid products={data.items.slice(0, 8)} />
      ) : (
        <CardSkeletons many={4} />
      )}
    </section>
  );
}
