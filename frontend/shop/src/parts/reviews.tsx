/** What buyers say: how many stars, how it fits, and in words. */

import { useMutation, useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { Link, useLocation } from "wouter";
import { addReview, product as productQuery, refresh, reviews } from "../api";
import { said } from "../errors";
import { count, day } from "../format";
import { useSession } from "../shop";
import type { ProductDetail } from "../types";
import { Notice } from "./notice";
import { Bone } from "./skeleton";
import { Stars } from "./stars";

const FITS = { small: "Runs small", true: "True to size", large: "Runs large" } as const;
const STARS = ["5", "4", "3", "2", "1"] as const;

export function Reviews({ product }: { product: ProductDetail }) {
  const [page, setPage] = useState(1);
  const { data, error } = useQuery(reviews(product.id, page));
  return (
    <section className="reviews" id="reviews" aria-labelledby="reviews-title">
      <h2 id="reviews-title">Reviews</h2>
      {product.rating !== null && <Summary product={product} rating={product.rating} />}
      <WriteReview product={product} />
      {error && <Notice kind="bad">{said(error)}</Notice>}
      {!data && !error && <Bone shape="box" />}
      {data?.total === 0 && <p className="hint">Nobody has written about it yet.</p>}
      <ul className="review-list">
        {data?.items.map((review) => (
          <li key={review.id}>
            <Stars rating={review.rating} />
            <p className="hint">
              {review.author}, {day(review.createdAt)}
              {review.verifiedBuyer && " · bought it here"}
              {review.fit && ` · ${FITS[review.fit as keyof typeof FITS]}`}
            </p>
            {review.comment && <p className="review-text">{review.comment}</p>}
          </li>
        ))}
      </ul>
      {data && data.pages > page && (
        <button type="button" className="button button-quiet" onClick={() => setPage(page + 1)}>
          More reviews
        </button>
      )}
      {page > 1 && (
        <button type="button" className="button button-quiet" onClick={() => setPage(page - 1)}>
          Newer ones
        </button>
      )}
    </section>
  );
}

function Summary({ product, rating }: { product: ProductDetail; rating: number }) {
  const all = STARS.reduce((sum, star) => sum + product.ratingHistogram[star], 0);
  const fits = product.fit.small + product.fit.true + product.fit.large;
  return (
    <div className="review-summary">
      <div>
        <p className="review-rating">{rating.toFixed(1)}</p>
        <Stars rating={rating} />
        <p className="hint">{count(product.reviewCount, "review")}</p>
      </div>
      <ul className="bars" aria-label="Reviews by stars">
        {STARS.map((star) => (
          <Bar key={star} label={`${star} stars`} short={star} part={product.ratingHistogram[star]} of={all} />
        ))}
      </ul>
      {fits > 0 && (
        <ul className="bars" aria-label="How it fits">
          {(["small", "true", "large"] as const).map((fit) => (
            <Bar key={fit} label={FITS[fit]} short={FITS[fit]} part={product.fit[fit]} of={fits} />
          ))}
        </ul>
      )}
    </div>
  );
}

function Bar({ label, short, part, of }: { label: string; short: string; part: number; of: number }) {
  return (
    <li>
      <span className="bar-label" aria-hidden="true">
        {short}
      </span>
      <span className="bar" aria-hidden="true">
        <span style={{ width: `${of ? (100 * part) / of : 0}%` }} />
      </span>
      <span className="visually-hidden">{label}: </span>
      <span className="bar-count">{part}</span>
    </li>
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
        fit: String(form.get("fit") ?? "") as "" | keyof typeof FITS,
      }),
    onSuccess: () => {
      void refresh(["reviews", product.id]);
      void refresh(productQuery(product.slug).queryKey);
    },
  });
  if (send.isSuccess) return <Notice kind="good">Thank you for your review.</Notice>;
  if (!signedIn) {
    return (
      <p className="hint">
        <Link href={`/sign-in?next=${encodeURIComponent(path)}`}>Sign in</Link> to write a review.
      </p>
    );
  }
  if (!open) {
    return (
      <button type="button" className="button button-quiet" onClick={() => setOpen(true)}>
        Write a review
      </button>
    );
  }
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    send.mutate(new FormData(event.currentTarget));
  };
  return (
    <form className="review-form" onSubmit={submit}>
      <fieldset>
        <legend>Your rating</legend>
        <div className="choices">
          {[...STARS].reverse().map((star) => (
            <label key={star} className="choice choice-size">
              <input type="radio" name="rating" value={star} required />
              <span>{star} ★</span>
            </label>
          ))}
        </div>
      </fieldset>
      <fieldset>
        <legend>How does it fit?</legend>
        <div className="choices">
          {Object.entries(FITS).map(([value, label]) => (
            <label key={value} className="choice choice-size">
              <input type="radio" name="fit" value={value} />
              <span>{label}</span>
            </label>
          ))}
        </div>
      </fieldset>
      <label className="field">
        In your words
        <textarea name="comment" rows={4} maxLength={2000} />
      </label>
      {send.error && <Notice kind="bad">{said(send.error)}</Notice>}
      <button type="submit" className="button" disabled={send.isPending}>
        Send
      </button>
    </form>
  );
}
