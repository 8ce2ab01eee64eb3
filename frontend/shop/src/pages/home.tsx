import { useQuery } from "@tanstack/react-query";
import { Link } from "wouter";
import { categories, featured, newArrivals } from "../api";
import { money } from "../format";
import { t, tn } from "../i18n";
import { Picture, pick } from "../parts/picture";
import { ProductGrid } from "../parts/product-card";
import { RecentlySeen } from "../parts/recently-seen";
import { Bone, CardSkeletons } from "../parts/skeleton";
import { Trouble } from "../parts/trouble";
import { settings } from "../settings";
import { useTitle } from "../title";
import type { Product } from "../types";

const IN_A_ROW = 4; // of the grid, at most: rows of four or two are always full

export function Home() {
  useTitle(undefined);
  const { data } = useQuery(featured);
  const chosen = data ? fullRows(data.items).map(({ id }) => id) : [];
  return (
    <>
      <Hero />
      <Shelves />
      <Row title={t("Chosen for you to look at")} query={featured} href="/shop?featured=true" />
      <Row title={t("Just arrived")} query={newArrivals} href="/shop?newArrival=true" above={chosen} />
      <RecentlySeen />
    </>
  );
}

function Hero() {
  const { data } = useQuery(featured);
  const shown = data?.items.filter((product) => product.image).slice(0, 2);
  const free = settings.freeShippingAbove;
  return (
    <section className="hero">
      <div className="hero-words">
        <h1>{settings.headline || settings.name}</h1>
        {settings.description && <p>{settings.description}</p>}
        {free && (
          <p className="hint">{t("Free shipping above {amount}.", { amount: money(free, settings.currency.code) })}</p>
        )}
        <p className="hero-links">
          <Link href="/shop" className="button">
            {t("See everything")}
          </Link>
          <Link href="/shop?onSale=true" className="link">
            {t("or begin with the sale")}
          </Link>
        </p>
      </div>
      {(!shown || shown.length > 0) && (
        <div className="hero-pictures">
          {shown?.map((product, at) => <HeroPicture key={product.id} product={product} first={at === 0} />) ?? (
            <>
              <Bone shape="picture" />
              <Bone shape="picture" />
            </>
          )}
        </div>
      )}
    </section>
  );
}

function HeroPicture({ product, first }: { product: Product; first: boolean }) {
  if (!product.image) return null;
  return (
    <Link href={`/p/${product.slug}`} aria-label={product.name}>
      <Picture
        image={product.image}
        alt=""
        sizes={first ? "(min-width: 56rem) 25rem, 56vw" : "(min-width: 56rem) 17rem, 38vw"}
        fetchPriority={first ? "high" : "auto"}
      />
    </Link>
  );
}

function Shelves() {
  const { data, error, refetch } = useQuery(categories);
  if (error) return <Trouble error={error} retry={refetch} />;
  return (
    <section className="page" aria-labelledby="shelves">
      <h2 id="shelves">{t("The shelves")}</h2>
      <ul className="shelves">
        {data?.items.map((category) => (
          <li key={category.id}>
            <Link href={`/shop/${category.slug}`}>
              {category.image && (
                <img src={shelfPicture(category.image)} alt="" width="160" height="200" loading="lazy" />
              )}
              <span>{category.name}</span>
              <span className="hint">{tn(category.productCount, "{count} product", "{count} products")}</span>
            </Link>
          </li>
        )) ?? <Bone shape="box" />}
      </ul>
    </section>
  );
}

const shelfPicture = (image: string | { url: string; thumbnails?: Record<string, string> }) =>
  typeof image === "string" ? image : pick(image, 400);

interface RowProps {
  title: string;
  query: typeof featured | typeof newArrivals;
  href: string;
  /** What a row above shows already. */
  above?: readonly string[];
}

function Row({ title, query, href, above = [] }: RowProps) {
  const { data, error, refetch } = useQuery(query as typeof featured);
  if (data?.items.length === 0) return null;
  return (
    <section className="page">
      <div className="row-head">
        <h2>{title}</h2>
        <Link href={href} aria-label={t("See all: {what}", { what: title })}>
          {t("See all")}
        </Link>
      </div>
      <Trouble error={error} retry={refetch} />
      {data && <ProductGrid products={fullRows(leaveOut(data.items, above))} />}
      {!data && !error && <CardSkeletons many={IN_A_ROW} />}
    </section>
  );
}

/** Nothing is shown twice, unless there is too little else to fill a row. */
function leaveOut(products: readonly Product[], above: readonly string[]): readonly Product[] {
  const others = products.filter(({ id }) => !above.includes(id));
  return others.length < IN_A_ROW ? products : others;
}

/** Two full rows, or one; fewer products than one row has are all shown. */
function fullRows<T>(products: readonly T[]): readonly T[] {
  if (products.length < IN_A_ROW) return products;
  return products.slice(0, Math.min(2, Math.floor(products.length / IN_A_ROW)) * IN_A_ROW);
}
