/** What buyers say: how many stars, how it fits, and in words. */

import { useMutation, useQuery } from "@tanstack/react-query";
import { type FormEvent, useRef, useState } from "react";
import { Link, useLocation } from "wouter";
import { addReview, product as productQuery, type ReviewSort, refresh, reviews } from "../api";
import { said } from "../errors";
import { day } from "../format";
import { rich, t, tn } from "../i18n";
import { useSession } from "../shop";
import type { ProductDetail, Review } from "../types";
import { Notice } from "./notice";
import { Bone } from "./skeleton";
import { Stars } from "./stars";
import { Trouble } from "./trouble";

const STARS = [5, 4, 3, 2, 1] as const;
type Star = (typeof STARS)[number];

const fitNames = () => ({ small: t("Runs small"), true: t("True to size"), large: t("Runs large") });

const sorts = (): Partial<Record<ReviewSort, string>> => ({
  newest: t("Newest first"),
  rating_desc: t("Best first"),
  rating_asc: t("Worst first"),
});

interface Wish {
  page: number;
  sort: ReviewSort;
  rating?: Star;
}

export function Reviews({ product }: { product: ProductDetail }) {
  const [wish, setWish] = useState<Wish>({ page: 1, sort: "newest" });
  const { data, error, refetch, isPlaceholderData } = useQuery(reviews(product.id, wish));
  const list = useRef<HTMLUListElement>(null);
  return (
    <section className="reviews" id="reviews" aria-labelledby="reviews-title">
      <h2 id="reviews-title">{t("Reviews")}</h2>
      {product.rating !== null && (
        <Summary
          product={product}
          rating={product.rating}
          chosen={wish.rating}
          choose={(rating) => setWish({ page: 1, sort: wish.sort, ...(rating && { rating }) })}
        />
      )}
      <WriteReview product={product} />
      {product.reviewCount > 1 && <SortChoice wish={wish} setWish={setWish} />}
      <Trouble error={error} retry={refetch} />
      {!data && !error && <Bone shape="box" />}
      {data?.total === 0 && (
        <p className="hint">
          {wish.rating ? t("Nobody gave it so many stars.") : t("Nobody has written about it yet.")}
        </p>
      )}
      <ul className="review-list" data-busy={isPlaceholderData} ref={list} tabIndex={-1} aria-label={t("Reviews")}>
        {data?.items.map((review) => (
          <ReviewItem key={review.id} review={review} />
        ))}
      </ul>
      {data && data.pages > 1 && (
        <p className="actions">
          <button
            type="button"
            className="button button-quiet"
            disabled={wish.page <= 1}
            onClick={() => {
              setWish({ ...wish, page: wish.page - 1 });
              list.current?.focus();
            }}
          >
            {t("Previous")}
          </button>
          <span>{t("Page {page} of {pages}", { page: wish.page, pages: data.pages })}</span>
          <button
            type="button"
            className="button button-quiet"
            disabled={wish.page >= data.pages}
            onClick={() => {
              setWish({ ...wish, page: wish.page + 1 });
              list.current?.focus();
            }}
          >
            {t("Next")}
          </button>
        </p>
      )}
    </section>
  );
}

function SortChoice({ wish, setWish }: { wish: Wish; setWish: (wish: Wish) => void }) {
  return (
    <div className="review-filter">
      <label className="sort">
        <span>{t("Sort by")}</span>
        <select
          value={wish.sort}
          onChange={(event) => setWish({ ...wish, page: 1, sort: event.target.value as ReviewSort })}
        >
          {Object.entries(sorts()).map(([value, label]) => (
            <option key={value} value={value}>
              {label}
            </option>
          ))}
        </select>
      </label>
      {wish.rating && (
        <button type="button" className="chip" onClick={() => setWish({ page: 1, sort: wish.sort })}>
          {tn(wish.rating, "{count} star", "{count} stars")} ×
          <span className="visually-hidden">{t("Remove this filter")}</span>
        </button>
      )}
    </div>
  );
}

function ReviewItem({ review }: { review: Review }) {
  const facts = [
    `${review.author}, ${day(review.createdAt)}`,
    review.verifiedBuyer && t("bought it here"),
    review.fit && fitNames()[review.fit as keyof ReturnType<typeof fitNames>],
  ];
  return (
    <li>
      <Stars rating={review.rating} />
      <p className="hint">{facts.filter(Boolean).join(" · ")}</p>
      {review.comment && <p className="review-text">{review.comment}</p>}
    </li>
  );
}

interface SummaryProps {
  product: ProductDetail;
  rating: number;
  chosen: Star | undefined;
  choose: (rating: Star | undefined) => void;
}

function Summary({ product, rating, chosen, choose }: SummaryProps) {
  const histogram = (star: Star) => product.ratingHistogram[`${star}`];
  const all = STARS.reduce((sum, star) => sum + histogram(star), 0);
  const fits = product.fit.small + product.fit.true + product.fit.large;
  return (
    <div className="review-summary">
      <div>
        <p className="review-rating">{rating.toFixed(1)}</p>
        <Stars rating={rating} />
        <p className="hint">{tn(product.reviewCount, "{count} review", "{count} reviews")}</p>
      </div>
      <ul className="bars" aria-label={t("Reviews by stars")}>
        {STARS.map((star) => (
          <li key={star}>
            <button
              type="button"
              className="bar-row"
              aria-pressed={chosen === star}
              disabled={histogram(star) === 0}
              onClick={() => choose(chosen === star ? undefined : star)}
            >
              <Bar label={tn(star, "{count} star", "{count} stars")} part={histogram(star)} of={all} />
            </button>
          </li>
        ))}
      </ul>
      {fits > 0 && (
        <ul className="bars" aria-label={t("How it fits")}>
          {(["small", "true", "large"] as const).map((fit) => (
            <li key={fit} className="bar-row">
              <Bar label={fitNames()[fit]} part={product.fit[fit]} of={fits} />
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

function Bar({ label, part, of }: { label: string; part: number; of: number }) {
  return (
    <>
      <span className="bar-label">{label}</span>
      <span className="bar" aria-hidden="true">
        <span style={{ width: `${of ? (100 * part) / of : 0}%` }} />
      </span>
      <span className="bar-count">{part}</span>
    </>
  );
}

function WriteReview({ product }: { product: ProductDetail }) {
  const { signedIn } = useSession();
  const [path] = useLocation();
  const [open, setOpen] = useState(false);
  const send = useMutation({
    mutationFn: (form: FormData) =>
      addReview(product.id, {
        rating: Number(form.get("rating")),
        comment: String(form.get("comment") ?? ""),
        fit: String(form.get("fit") ?? "") as "" | keyof ReturnType<typeof fitNames>,
      }),
    onSuccess: () => {
      void refresh(["reviews", product.id]);
      void refresh(productQuery(product.slug).queryKey);
    },
  });
  if (send.isSuccess) return <Notice kind="good">{t("Thank you for your review.")}</Notice>;
  if (!signedIn) {
    return (
      <p className="hint">
        {rich("{link} to write a review.", {
          link: <Link href={`/sign-in?next=${encodeURIComponent(path)}`}>{t("Sign in")}</Link>,
        })}
      </p>
    );
  }
  if (!open) {
    return (
      <button type="button" className="button button-quiet" onClick={() => setOpen(true)}>
        {t("Write a review")}
      </button>
    );
  }
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    send.mutate(new FormData(event.currentTarget));
  };
  return (
    <form className="review-form" onSubmit={submit}>
      <Choices
        legend={t("Your rating")}
        name="rating"
        required
        options={[...STARS].reverse().map((star) => [`${star}`, `${star} ★`])}
      />
      <Choices legend={t("How does it fit?")} name="fit" options={Object.entries(fitNames())} />
      <label className="field">
        {t("In your words")}
        <textarea name="comment" rows={4} maxLength={2000} />
      </label>
      {send.error && <Notice kind="bad">{said(send.error)}</Notice>}
      <button type="submit" className="button" disabled={send.isPending}>
        {t("Send")}
      </button>
    </form>
  );
}

interface ChoicesProps {
  legend: string;
  name: string;
  options: [string, string][];
  required?: boolean;
}

function Choices({ legend, name, options, required = false }: ChoicesProps) {
  return (
    <fieldset>
      <legend>{legend}</legend>
      <div className="choices">
        {options.map(([value, label]) => (
          <label key={value} className="choice choice-size">
            <input type="radio" name={name} value={value} required={required} />
            <span>{label}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}
