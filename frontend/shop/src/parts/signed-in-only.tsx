import type { ReactNode } from "react";
import { Redirect, useLocation } from "wouter";
import { useSession } from "../shop";

/** What only a signed-in shopper sees; others are asked to sign in, and come back here. */
export function SignedInOnly({ children }: { children: ReactNode }) {
  const { signedIn } = useSession();
  const [path] = useLocation();
  return signedIn ? children : <Redirect to={`/sign-in?next=${encodeURIComponent(path)}`} replace />;
}
