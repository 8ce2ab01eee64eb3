/** Choosing a colour and a size, and putting it into the bag. */

import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useEffect, useRef, useState } from "react";
import { addToCart, product as productQuery, refresh, tellWhenBack } from "../api";
import { seen } from "../beacon";
import { useShade } from "../colors";
import { said } from "../errors";
import { t } from "../i18n";
import { useSession } from "../shop";
import type { ProductDetail, Variant } from "../types";
import { useCartDrawer } from "./cart-drawer";
import { Field, values } from "./field";
import { Notice } from "./notice";
import { Price } from "./price";
import { SizeHelp } from "./size-help";
import { WishButton } from "./wish-button";

const FEW_LEFT = 5;

interface Props {
  product: ProductDetail;
  color: string;
  setColor: (color: string) => void;
}

/** The colour that is shown first: one that can be bought, if any can. */
export function firstColor({ variants }: ProductDetail): string {
  return (variants.find((variant) => variant.inStock) ?? variants[0])?.color ?? "";
}

export function BuyBox({ product, color, setColor }: Props) {
  const { variants } = product;
  const ofColor = variants.filter((variant) => variant.color === color);
  const [size, setSize] = useState<string | null>(null);
  const only = ofColor.length === 1 ? ofColor[0] : undefined;
  const chosen = ofColor.find((variant) => variant.size === size) ?? only;
  const [asked, setAsked] = useState(false);
  const { setOpen } = useCartDrawer();
  const sizes = useRef<HTMLFieldSetElement>(null);
  const add = useMutation({
    mutationFn: (variant: Variant) => addToCart(variant.id, 1),
    onSuccess: () => {
      seen({ type: "add_to_cart", productId: product.id });
      setOpen(true);
    },
    // A refusal mostly means that somebody else was faster: show what is left now.
    onError: () => refresh(productQuery(product.slug).queryKey),
  });
  if (!variants.length) return <Notice>{t("This cannot be bought at the moment.")}</Notice>;
  const press = () => {
    if (chosen) return add.mutate(chosen);
    setAsked(true);
    sizes.current?.querySelector("input")?.focus();
  };
  const choose = (size: string) => {
    setSize(size);
    add.reset();
  };
  return (
    <div className="buy">
      <ColorChoice product={product} color={color} setColor={setColor} />
      {ofColor.some((variant) => variant.size !== "") && (
        <fieldset ref={sizes}>
          <legend>
            {t("Size")}: <span>{chosen?.size ?? t("choose one")}</span>
          </legend>
          <div className="choices">
            {ofColor.map((variant) => (
              <SizeOption key={variant.id} variant={variant} checked={variant === chosen} choose={choose} />
            ))}
          </div>
          <SizeHelp product={product} choose={choose} sizes={ofColor.map((variant) => variant.size)} />
        </fieldset>
      )}
      <p className="buy-stock" role="status">
        {asked && !chosen && <span className="error">{t("Please choose a size first.")}</span>}
        {chosen && stockText(chosen)}{" "}
        {chosen && product.priceMax !== product.price && <Price of={{ ...chosen, currency: product.currency }} />}
      </p>
      {add.error && <Notice kind="bad">{said(add.error)}</Notice>}
      {chosen && !chosen.inStock ? (
        <BackInStock key={chosen.id} productId={product.id} variant={chosen} />
      ) : (
        <AddButton pending={add.isPending} press={press} />
      )}
      <WishButton productId={product.id} name={product.name} labelled />
    </div>
  );
}

function ColorChoice({ product, color, setColor }: Props) {
  const colors = [...new Set(product.variants.map((variant) => variant.color))].filter(Boolean);
  const shade = useShade();
  if (!colors.length) return null;
  const left = (name: string) => product.variants.some((variant) => variant.color === name && variant.inStock);
  return (
    <fieldset>
      <legend>
        {t("Colour")}: <span>{color}</span>
      </legend>
      <div className="choices">
        {colors.map((name) => (
          <label key={name} className="choice choice-color" title={name} data-gone={!left(name)}>
            <input type="radio" name="color" checked={name === color} onChange={() => setColor(name)} />
            <span style={{ background: shade(name) }} />
            <span className={shade(name) ? "visually-hidden" : ""}>
              {name}
              {!left(name) && <span className="visually-hidden">, {t("sold out")}</span>}
            </span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}

interface SizeOptionProps {
  variant: Variant;
  checked: boolean;
  choose: (size: string) => void;
}

function SizeOption({ variant, checked, choose }: SizeOptionProps) {
  return (
    <label className="choice choice-size" data-gone={!variant.inStock}>
      <input type="radio" name="size" checked={checked} onChange={() => choose(variant.size)} />
      <span>
        {variant.size}
        {!variant.inStock && <span className="visually-hidden">, {t("sold out")}</span>}
      </span>
    </label>
  );
}

function stockText(variant: Variant): string {
  if (!variant.inStock) return t("Sold out in this size.");
  if (variant.inventoryPolicy === "continue" && variant.countInStock === 0)
    return t("Available on back order: it is sent as soon as it comes in.");
  const few = variant.inventoryPolicy === "deny" && variant.countInStock <= FEW_LEFT;
  return few ? t("Only {count} left.", { count: variant.countInStock }) : "";
}

/** The button; on a narrow screen a second one stays in sight while the first is scrolled away. */
function AddButton({ pending, press }: { pending: boolean; press: () => void }) {
  const button = useRef<HTMLButtonElement>(null);
  const [away, setAway] = useState(false);
  useEffect(() => {
    if (!button.current) return;
    const watch = new IntersectionObserver(([entry]) => setAway(!entry?.isIntersecting));
    watch.observe(button.current);
    return () => watch.disconnect();
  }, []);
  return (
    <>
      <button ref={button} type="button" className="button button-wide" disabled={pending} onClick={press}>
        {pending ? t("Adding…") : t("Add to bag")}
      </button>
      {away && (
        <div className="buy-bar" aria-hidden="true">
          <button type="button" tabIndex={-1} className="button button-wide" disabled={pending} onClick={press}>
            {pending ? t("Adding…") : t("Add to bag")}
          </button>
        </div>
      )}
    </>
  );
}

function BackInStock({ productId, variant }: { productId: string; variant: Variant }) {
  const { signedIn } = useSession();
  const ask = useMutation({ mutationFn: (email?: string) => tellWhenBack(productId, variant.id, email) });
  if (ask.isSuccess) return <Notice kind="good">{t("We will write to you as soon as it is back.")}</Notice>;
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    ask.mutate(values(event.currentTarget).email);
  };
  return (
    <form className="back-in-stock" onSubmit={submit}>
      {!signedIn && <Field label={t("Your e-mail address")} name="email" type="email" autoComplete="email" required />}
      {ask.error && <Notice kind="bad">{said(ask.error)}</Notice>}
      <button type="submit" className="button button-wide" disabled={ask.isPending}>
        {t("Tell me when it is back")}
      </button>
    </form>
  );
}
