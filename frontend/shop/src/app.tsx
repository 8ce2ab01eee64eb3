/** The map of pages: what is first seen comes with the first load, the rest when it is asked for. */

import { lazy, Suspense, useEffect, useRef } from "react";
import { Route, Switch, useLocation } from "wouter";
import { Home } from "./pages/home";
import { CartDrawer, CartProvider } from "./parts/cart-drawer";
import { Layout } from "./parts/layout";
import { PageSkeleton } from "./parts/skeleton";
import { ToastProvider } from "./parts/toast";

const Catalogue = lazy(() => import("./pages/catalogue").then((page) => ({ default: page.Catalogue })));
const ProductPage = lazy(() => import("./pages/product").then((page) => ({ default: page.ProductPage })));
const Checkout = lazy(() => import("./pages/checkout").then((page) => ({ default: page.Checkout })));
const Orders = lazy(() => import("./pages/orders").then((page) => ({ default: page.Orders })));
const OrderPage = lazy(() => import("./pages/order").then((page) => ({ default: page.OrderPage })));
const Account = lazy(() => import("./pages/account").then((page) => ({ default: page.Account })));
const Wishlist = lazy(() => import("./pages/wishlist").then((page) => ({ default: page.Wishlist })));
const SignIn = lazy(() => import("./pages/sign-in").then((page) => ({ default: page.SignIn })));
const SignUp = lazy(() => import("./pages/sign-in").then((page) => ({ default: page.SignUp })));
const Forgot = lazy(() => import("./pages/passwords").then((page) => ({ default: page.ForgotPassword })));
const Reset = lazy(() => import("./pages/passwords").then((page) => ({ default: page.ResetPassword })));
const VerifyEmail = lazy(() => import("./pages/passwords").then((page) => ({ default: page.VerifyEmail })));
const NotFound = lazy(() => import("./pages/not-found").then((page) => ({ default: page.NotFound })));

export function App() {
  return (
    <ToastProvider>
      <CartProvider>
        <Layout>
          <FollowPath />
          <Suspense fallback={<PageSkeleton />}>
            <Switch>
              <Route path="/" component={Home} />
              <Route path="/shop">{() => <Catalogue />}</Route>
              <Route path="/shop/:category">{({ category }) => <Catalogue key={category} category={category} />}</Route>
              <Route path="/p/:slug">{({ slug }) => <ProductPage key={slug} slug={slug} />}</Route>
              <Route path="/checkout" component={Checkout} />
              <Route path="/orders" component={Orders} />
              <Route path="/orders/:id">{({ id }) => <OrderPage key={id} id={id} />}</Route>
              <Route path="/account">{() => <Account />}</Route>
              <Route path="/account/:tab">{({ tab }) => <Account tab={tab} />}</Route>
              <Route path="/wishlist" component={Wishlist} />
              <Route path="/sign-in" component={SignIn} />
              <Route path="/sign-up" component={SignUp} />
              <Route path="/forgot-password" component={Forgot} />
              <Route path="/reset-password" component={Reset} />
              <Route path="/verify-email" component={VerifyEmail} />
              <Route component={NotFound} />
            </Switch>
          </Suspense>
        </Layout>
        <CartDrawer />
      </CartProvider>
    </ToastProvider>
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
