/** What stands around every page. */

import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { Link, useLocation, useSearch } from "wouter";
import { categories, useCart } from "../api";
import { LANGUAGE_NAMES, t, tn } from "../i18n";
import { keepLanguage, settings } from "../settings";
import { useSession } from "../shop";
import { setTheme, theme } from "../theme";
import type { Category } from "../types";
import { useCartDrawer } from "./cart-drawer";
import { ConnectionNotice } from "./connection-notice";
import { Dialog } from "./dialog";
import { Icon } from "./icon";
import { SearchBox } from "./search-box";
import { SignedOutNotice } from "./signed-out-notice";

const IN_HEADER = 6; // categories; all of them are in the menu

export function Layout({ children }: { children: ReactNode }) {
  return (
    <>
      <a className="skip" href="#content">
        {t("Skip to the content")}
      </a>
      <Header />
      <ConnectionNotice />
      <SignedOutNotice />
      <main id="content" tabIndex={-1}>
        {children}
      </main>
      <Footer />
    </>
  );
}

function Header() {
  const { signedIn } = useSession();
  const { data } = useQuery(categories);
  const [menu, setMenu] = useState(false);
  const roots = data?.items ?? [];
  return (
    <header className="header">
      <div className="header-row">
        <button type="button" className="icon-button menu-button" aria-label={t("Menu")} onClick={() => setMenu(true)}>
          <Icon name="menu" />
        </button>
        <Link href="/" className="wordmark" aria-label={t("{shop}, home", { shop: settings.name })}>
          {settings.name}
        </Link>
        <nav className="header-nav" aria-label={t("Categories")}>
          {roots.slice(0, IN_HEADER).map((category) => (
            <Link key={category.id} href={`/shop/${category.slug}`}>
              {category.name}
            </Link>
          ))}
          <Link href="/shop?onSale=true" className="sale">
            {t("Sale")}
          </Link>
        </nav>
        <SearchBox />
        <div className="header-tools">
          <Link href="/wishlist" className="icon-button" aria-label={t("Wishlist")}>
            <Icon name="heart" />
          </Link>
          <Link
            href={signedIn ? "/account" : "/sign-in"}
            className="icon-button"
            aria-label={signedIn ? t("Your account") : t("Sign in")}
          >
            <Icon name="person" filled={signedIn} />
          </Link>
          <CartButton />
        </div>
      </div>
      <Dialog open={menu} onClose={() => setMenu(false)} title={t("Menu")} side="left">
        <Menu roots={roots} close={() => setMenu(false)} />
      </Dialog>
    </header>
  );
}

function Menu({ roots, close }: { roots: readonly Category[]; close: () => void }) {
  return (
    <nav className="menu" aria-label={t("All categories")}>
      <Link href="/shop" onClick={close}>
        {t("Everything")}
      </Link>
      <Link href="/shop?newArrival=true" onClick={close}>
        {t("New")}
      </Link>
      <Link href="/shop?onSale=true" onClick={close}>
        {t("Sale")}
      </Link>
      {roots.map((category) => (
        <details key={category.id}>
          <summary>{category.name}</summary>
          <MenuBranch category={category} close={close} />
        </details>
      ))}
    </nav>
  );
}

/** All of a category first, then what is below it, down to the last. */
function MenuBranch({ category, close }: { category: Category; close: () => void }) {
  return (
    <ul>
      <li>
        <Link href={`/shop/${category.slug}`} onClick={close}>
          {t("All of {category}", { category: category.name })}
        </Link>
      </li>
      {category.children.map((child) => (
        <li key={child.id}>
          {child.children.length > 0 ? (
            <details>
              <summary>{child.name}</summary>
              <MenuBranch category={child} close={close} />
            </details>
          ) : (
            <Link href={`/shop/${child.slug}`} onClick={close}>
              {child.name}
            </Link>
          )}
        </li>
      ))}
    </ul>
  );
}

function CartButton() {
  const { setOpen } = useCartDrawer();
  const { data } = useCart();
  const pieces = data?.itemCount ?? 0;
  return (
    <button
      type="button"
      className="icon-button cart-button"
      aria-label={tn(pieces, "Bag, {count} piece", "Bag, {count} pieces")}
      onClick={() => setOpen(true)}
    >
      <Icon name="bag" />
      {pieces > 0 && <span className="badge">{pieces}</span>}
    </button>
  );
}

function Footer() {
  const { contact } = settings;
  return (
    <footer className="footer">
      <div className="footer-in">
        <div>
          <p className="footer-word">{settings.name}</p>
          {contact.email && (
            <p>
              <a href={`mailto:${contact.email}`}>{contact.email}</a>
            </p>
          )}
          {contact.phone && (
            <p>
              <a href={`tel:${contact.phone}`} dir="ltr">
                {contact.phone}
              </a>
            </p>
          )}
        </div>
        <nav aria-label={t("About this shop")}>
          <Link href="/shop">{t("All products")}</Link>
          <Link href="/orders">{t("Your orders")}</Link>
          <Link href="/find-order">{t("Find your order")}</Link>
          <Link href="/account">{t("Your account")}</Link>
          {settings.pages.map((page) => (
            <Link key={page.slug} href={`/pages/${page.slug}`}>
              {page.title}
            </Link>
          ))}
        </nav>
        <div className="footer-choices">
          <Languages />
          <ThemeButton />
        </div>
      </div>
    </footer>
  );
}

/** The same page in the shop's other languages. */
function Languages() {
  const [path] = useLocation();
  const search = useSearch();
  if (settings.languages.length < 2) return null;
  return (
    <nav className="languages" aria-label={t("Language")}>
      {settings.languages.map((code, at) => (
        <a
          key={code}
          href={`${at === 0 ? path : `/${code}${path === "/" ? "" : path}`}${search && `?${search}`}`}
          hrefLang={code}
          lang={code}
          aria-current={document.documentElement.lang === code ? "true" : undefined}
          onClick={() => keepLanguage(code)}
        >
          {LANGUAGE_NAMES[code] ?? code}
        </a>
      ))}
    </nav>
  );
}

function ThemeButton() {
  const [dark, setDark] = useState(
    () => theme() === "dark" || (theme() === "system" && matchMedia("(prefers-color-scheme: dark)").matches),
  );
  const toggle = () => {
    setTheme(dark ? "light" : "dark");
    setDark(!dark);
  };
  return (
    <button type="button" className="button button-quiet" onClick={toggle}>
      <Icon name={dark ? "sun" : "moon"} />
      {dark ? t("Light") : t("Dark")}
    </button>
  );
}
