/** What stands around every page. */

import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { Link, useLocation } from "wouter";
import { categories, useCart } from "../api";
import { count } from "../format";
import { useSession } from "../shop";
import { setTheme, theme } from "../theme";
import { useCartDrawer } from "./cart-drawer";
import { Dialog } from "./dialog";
import { Icon } from "./icon";
import { SearchBox } from "./search-box";
import { SignedOutNotice } from "./signed-out-notice";

export function Layout({ children }: { children: ReactNode }) {
  return (
    <>
      <a className="skip" href="#content">
        Skip to the content
      </a>
      <Header />
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
        <button type="button" className="icon-button menu-button" aria-label="Menu" onClick={() => setMenu(true)}>
          <Icon name="menu" />
        </button>
        <Link href="/" className="wordmark" aria-label="Markrin, home">
          Markrin
        </Link>
        <nav className="header-nav" aria-label="Categories">
          {roots.slice(0, 6).map((category) => (
            <Link key={category.id} href={`/shop/${category.slug}`}>
              {category.name}
            </Link>
          ))}
          <Link href="/shop?onSale=true" className="sale">
            Sale
          </Link>
        </nav>
        <SearchBox />
        <div className="header-tools">
          <Link href="/wishlist" className="icon-button" aria-label="Wishlist">
            <Icon name="heart" />
          </Link>
          <Link
            href={signedIn ? "/account" : "/sign-in"}
            className="icon-button"
            aria-label={signedIn ? "Your account" : "Sign in"}
          >
            <Icon name="person" filled={signedIn} />
          </Link>
          <CartButton />
        </div>
      </div>
      <Dialog open={menu} onClose={() => setMenu(false)} title="Menu" side="left">
        {/* biome-ignore lint/a11y/useKeyWithClickEvents lint/a11y/noStaticElementInteractions: the links in it are what is pressed; this only closes the menu */}
        <div onClick={() => setMenu(false)}>
          <nav className="menu" aria-label="All categories">
            <Link href="/shop">Everything</Link>
            <Link href="/shop?newArrival=true">New</Link>
            <Link href="/shop?onSale=true">Sale</Link>
            {roots.map((category) => (
              <div key={category.id}>
                <Link href={`/shop/${category.slug}`}>{category.name}</Link>
                <ul>
                  {category.children.map((child) => (
                    <li key={child.id}>
                      <Link href={`/shop/${child.slug}`}>{child.name}</Link>
                    </li>
                  ))}
                </ul>
              </div>
            ))}
          </nav>
        </div>
      </Dialog>
    </header>
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
      aria-label={`Bag, ${count(pieces, "piece")}`}
      onClick={() => setOpen(true)}
    >
      <Icon name="bag" />
      {pieces > 0 && <span className="badge">{pieces}</span>}
    </button>
  );
}

function Footer() {
  const [path] = useLocation();
  const [dark, setDark] = useState(
    () => theme() === "dark" || (theme() === "system" && matchMedia("(prefers-color-scheme: dark)").matches),
  );
  const toggle = () => {
    setTheme(dark ? "light" : "dark");
    setDark(!dark);
  };
  return (
    <footer className="footer" data-path={path}>
      <p className="footer-word">Markrin</p>
      <nav aria-label="About this shop">
        <Link href="/shop">All products</Link>
        <Link href="/orders">Your orders</Link>
        <Link href="/account">Your account</Link>
        <a href="/api/docs">For developers</a>
      </nav>
      <button type="button" className="button button-quiet" onClick={toggle}>
        <Icon name={dark ? "sun" : "moon"} />
        {dark ? "Light" : "Dark"}
      </button>
    </footer>
  );
}
