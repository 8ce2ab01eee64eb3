/** The map of pages: what is first seen comes with the first load, the rest when it is asked for. */

import { Suspense, useEffect, useRef } from "react";
import { Route, Router, Switch, useLocation } from "wouter";
import { lazyPage } from "./lazy-page";
import { Home } from "./pages/home";
import { CartDrawer, CartProvider } from "./parts/cart-drawer";
import { ErrorBoundary } from "./parts/error-boundary";
import { Layout } from "./parts/layout";
import { PageSkeleton } from "./parts/skeleton";
import { ToastProvider } from "./parts/toast";
import { basePath } from "./settings";

const Catalogue = lazyPage(() => import("./pages/catalogue").then((page) => page.Catalogue));
const ProductPage = lazyPage(() => import("./pages/product").then((page) => page.ProductPage));
const Checkout = lazyPage(() => import("./pages/checkout").then((page) => page.Checkout));
const Orders = lazyPage(() => import("./pages/orders").then((page) => page.Orders));
const FindOrder = lazyPage(() => import("./pages/find-order").then((page) => page.FindOrder));
const ReturnPage = lazyPage(() => import("./pages/return").then((page) => page.ReturnPage));
const OrderPage = lazyPage(() => import("./pages/order").then((page) => page.OrderPage));
const Account = lazyPage(() => import("./pages/account").then((page) => page.Account));
const Wishlist = lazyPage(() => import("./pages/wishlist").then((page) => page.Wishlist));
const SignIn = lazyPage(() => import("./pages/sign-in").then((page) => page.SignIn));
const SignUp = lazyPage(() => import("./pages/sign-in").then((page) => page.SignUp));
const Forgot = lazyPage(() => import("./pages/passwords").then((page) => page.ForgotPassword));
const Reset = lazyPage(() => import("./pages/passwords").then((page) => page.ResetPassword));
const VerifyEmail = lazyPage(() => import("./pages/passwords").then((page) => page.VerifyEmail));
const GiftCards = lazyPage(() => import("./pages/gift-cards").then((page) => page.GiftCards));
const StaffPage = lazyPage(() => import("./pages/staff-page").then((page) => page.StaffPage));
const NotFound = lazyPage(() => import("./pages/not-found").then((page) => page.NotFound));

export function App() {
  return (
    <Router base={basePath()}>
      <ToastProvider>
        <CartProvider>
          <Layout>
            <FollowPath />
            <Pages />
          </Layout>
          <CartDrawer />
        </CartProvider>
      </ToastProvider>
    </Router>
  );
}

/** A page that fails leaves the header and the bag alone; going to another one forgets the failure. */
function Pages() {
  const [path] = useLocation();
  return (
    <ErrorBoundary key={path}>
      <Suspense fallback={<PageSkeleton />}>
        <Switch>
          <Route path="/" component={Home} />
          <Route path="/shop">{() => <Catalogue />}</Route>
          <Route path="/shop/:category">{({ category }) => <Catalogue key={category} category={category} />}</Route>
          <Route path="/collections/:slug">{({ slug }) => <Catalogue key={slug} collection={slug} />}</Route>
          <Route path="/p/:slug">{({ slug }) => <ProductPage key={slug} slug={slug} />}</Route>
          <Route path="/checkout" component={Checkout} />
          <Route path="/orders" component={Orders} />
          <Route path="/orders/:id">{({ id }) => <OrderPage key={id} id={id} />}</Route>
          <Route path="/orders/:id/return">{({ id }) => <ReturnPage key={id} id={id} />}</Route>
          <Route path="/orders/:id/withdraw">{({ id }) => <ReturnPage key={id} id={id} withdrawal />}</Route>
          <Route path="/find-order" component={FindOrder} />
          <Route path="/account">{() => <Account />}</Route>
          <Route path="/account/:tab">{({ tab }) => <Account tab={tab} />}</Route>
          <Route path="/wishlist" component={Wishlist} />
          <Route path="/gift-cards" component={GiftCards} />
          <Route path="/sign-in" component={SignIn} />
          <Route path="/sign-up" component={SignUp} />
          <Route path="/forgot-password" component={Forgot} />
          <Route path="/reset-password" component={Reset} />
          <Route path="/verify-email" component={VerifyEmail} />
          <Route path="/pages/:slug">{({ slug }) => <StaffPage key={slug} slug={slug} />}</Route>
          <Route>{() => <NotFound />}</Route>
        </Switch>
      </Suspense>
    </ErrorBoundary>
  );
}

/** After going to another page: at its top, and with the keyboard at its beginning. */
function FollowPath() {
  const [path] = useLocation();
  const before = useRef(path);
  useEffect(() => {
    if (before.current === path) return;
    before.current = path;
    window.scrollTo(0, 0);
    document.getElementById("content")?.focus({ preventScroll: true });
  }, [path]);
  return null;
}
