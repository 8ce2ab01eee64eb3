/** Choosing a colour and a size, and putting it into the bag. */

import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { addToCart, product as productQuery, refresh, tellWhenBack } from "../api";
import { seen } from "../beacon";
import { shade } from "../colors";
import { said } from "../errors";
import { useSession } from "../shop";
import type { ProductDetail, Variant } from "../types";
import { useCartDrawer } from "./cart-drawer";
import { Field, values } from "./field";
import { Notice } from "./notice";
import { SizeHelp } from "./size-help";
import { WishButton } from "./wish-button";

const FEW_LEFT = 5;

interface Props {
  product: ProductDetail;
  /** Told of a chosen colour, so that it can be shown. */
  onColor: (color: string) => void;
}

export function BuyBox({ product, onColor }: Props) {
  const { variants } = product;
  const colors = [...new Set(variants.map((variant) => variant.color))];
  const [color, setColor] = useState(
    () => (variants.find((variant) => variant.inStock) ?? variants[0])?.color ?? colors[0] ?? "",
  );
  const ofColor = variants.filter((variant) => variant.color === color);
  const [size, setSize] = useState<string | null>(() => (ofColor.length === 1 ? (ofColor[0]?.size ?? null) : null));
  const chosen = ofColor.find((variant) => variant.size === size);
  const [asked, setAsked] = useState(false);
  const show = (name: string) => {
    setColor(name);
    onColor(name);
  };
  const { setOpen } = useCartDrawer();
  const add = useMutation({
    mutationFn: (variant: Variant) => addToCart(variant.id, 1),
    onSuccess: () => {
      seen({ type: "add_to_cart", productId: product.id });
      setOpen(true);
    },
    // A refusal mostly means that somebody else was faster: show what is left now.
    onError: () => refresh(productQuery(product.slug).queryKey),
  });
  if (!variants.length) return <Notice>This cannot be bought at the moment.</Notice>;
  return (
    <div className="buy">
      {colors.length > 0 && colors[0] !== "" && (
        <fieldset>
          <legend>
            Colour: <span>{color}</span>
          </legend>
          <div className="choices">
            {colors.map((name) => (
              <label key={name} className="choice choice-color" title={name}>
                <input type="radio" name="color" checked={name === color} onChange={() => show(name)} />
                <span style={{ background: shade(name) }} />
                <span className={shade(name) ? "visually-hidden" : ""}>{name}</span>
              </label>
            ))}
          </div>
        </fieldset>
      )}
      {ofColor.some((variant) => variant.size !== "") && (
        <fieldset>
          <legend>
            Size: <span>{size ?? "choose one"}</span>
          </legend>
          <div className="choices">
            {ofColor.map((variant) => (
              <label key={variant.id} className="choice choice-size" data-gone={!variant.inStock}>
                <input
                  type="radio"
                  name="size"
                  checked={variant.size === size}
                  onChange={() => {
                    setSize(variant.size);
                    add.reset();
                  }}
                />
                <span>
                  {variant.size}
                  {!variant.inStock && <span className="visually-hidden">, sold out</span>}
                </span>
              </label>
            ))}
          </div>
          <SizeHelp product={product} choose={setSize} sizes={ofColor.map((variant) => variant.size)} />
        </fieldset>
      )}
      <p className="buy-stock" role="status">
        {asked && !chosen && <span className="error">Please choose a size first.</span>}
        {chosen && !chosen.inStock && "Sold out in this size."}
        {chosen?.inStock && chosen.countInStock <= FEW_LEFT && `Only ${chosen.countInStock} left.`}
      </p>
      {add.error && <Notice kind="bad">{said(add.error)}</Notice>}
      {chosen && !chosen.inStock ? (
        <BackInStock productId={product.id} variant={chosen} />
      ) : (
        <button
          type="button"
          className="button button-wide"
          disabled={add.isPending}
          onClick={() => (chosen ? add.mutate(chosen) : setAsked(true))}
        >
          {add.isPending ? "Adding…" : "Add to bag"}
        </button>
      )}
      <WishButton productId={product.id} name={product.name} labelled />
    </div>
  );
}

function BackInStock({ productId, variant }: { productId: string; variant: Variant }) {
  const { signedIn } = useSession();
  const ask = useMutation({ mutationFn: (email?: string) => tellWhenBack(productId, variant.id, email) });
  if (ask.isSuccess) return <Notice kind="good">We will write to you as soon as it is back.</Notice>;
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    ask.mutate(values(event.currentTarget).email);
  };
  return (
    <form className="back-in-stock" onSubmit={submit}>
      {!signedIn && <Field label="Your e-mail address" name="email" type="email" autoComplete="email" required />}
      {ask.error && <Notice kind="bad">{said(ask.error)}</Notice>}
      <button type="submit" className="button button-wide" disabled={ask.isPending}>
        Tell me when it is back
      </button>
    </form>
  );
}
