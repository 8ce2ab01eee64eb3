/** A page, a product or an order that is not there, and what one can do about it. */

import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Link, useLocation } from "wouter";
import { profile } from "../api";
import { rich, t } from "../i18n";
import { useSession } from "../shop";
import { useTitle } from "../title";

interface Props {
  what?: "page" | "product" | "order";
}

export function NotFound({ what = "page" }: Props) {
  useTitle(t("Not found"));
  if (what === "order") return <OrderNotFound />;
  return (
    <div className="page empty">
      <h1>{what === "product" ? t("This product is not there any more") : t("This page is not there")}</h1>
      <p>
        {what === "product" ? t("It may be sold out for good.") : t("The address may be old, or have a slip in it.")}
      </p>
      <p className="actions actions-center">
        {what === "product" && <SimilarLink />}
        <Link href="/shop" className="button">
          {t("To the shop")}
        </Link>
        <Link href="/find-order">{t("Find your order")}</Link>
      </p>
    </div>
  );
}

/** A search for what the address says: "/p/linen-summer-shirt" names it in words. */
function SimilarLink() {
  const [path] = useLocation();
  const words = (path.split("/").pop() ?? "").replaceAll("-", " ").slice(0, 100);
  return (
    <Link href={`/shop?${new URLSearchParams({ search: words })}`} className="button">
      {t("Look for something like it")}
    </Link>
  );
}

/** Somebody else's order is "not there" as well, so each way to one's own is named. */
function OrderNotFound() {
  const { signedIn } = useSession();
  return (
    <div className="page narrow">
      <h1>{t("We cannot show this order here")}</h1>
      <p>{t("An order can be seen by the one who placed it. This is how you get to yours:")}</p>
      <ul className="ways">
        {signedIn ? <SignedInWays /> : <SignInWay />}
        <Way title={t("Ordered as a guest?")}>
          <p>
            {rich("Open the link in an e-mail about the order, or {link}.", {
              link: <Link href="/find-order">{t("find it by its number")}</Link>,
            })}
          </p>
        </Way>
      </ul>
    </div>
  );
}

function SignInWay() {
  const [path] = useLocation();
  return (
    <Way title={t("Ordered with an account?")}>
      <Link href={`/sign-in?next=${encodeURIComponent(path)}`} className="button">
        {t("Sign in")}
      </Link>
    </Way>
  );
}

function SignedInWays() {
  const { data: user } = useQuery(profile());
  return (
    <>
      <Way title={t("It is another account's?")}>
        <p>
          {rich("{link} shows what was ordered with this one.", {
            link: <Link href="/orders">{t("Your orders")}</Link>,
          })}
        </p>
      </Way>
      {user && !user.emailVerified && (
        <Way title={t("Ordered before you had an account?")}>
          <p>
            {rich("Confirm {email}: orders that were placed with it are then among yours. {link}", {
              email: <strong>{user.email}</strong>,
              link: <Link href="/account">{t("To your account")}</Link>,
            })}
          </p>
        </Way>
      )}
    </>
  );
}

function Way({ title, children }: { title: string; children: ReactNode }) {
  return (
    <li>
      <h2>{title}</h2>
      {children}
    </li>
  );
}
