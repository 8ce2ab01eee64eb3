/** Tells, once and politely, that the sign-in has ended without the shopper's doing. */

import { useEffect, useState } from "react";
import { Link, useLocation } from "wouter";
import { useSession } from "../shop";
import { Notice } from "./notice";

export function SignedOutNotice() {
  const session = useSession();
  const [path] = useLocation();
  const [closed, setClosed] = useState(false);
  const reason = session.signedIn ? null : session.reason;
  useEffect(() => {
    if (reason === null) setClosed(false);
  }, [reason]);
  if (!reason || reason === "signed_out" || reason === "account_changed" || closed) return null;
  return (
    <div className="page notice-page" data-testid="signed-out">
      <Notice>
        <p>
          <strong>You have been signed out.</strong>{" "}
          {reason === "session_revoked"
            ? "Your sign-in was ended, to keep your account safe. Nothing in your bag is lost."
            : "You were away for a while. Nothing in your bag is lost."}{" "}
          <Link href={`/sign-in?next=${encodeURIComponent(path)}`}>Sign in again</Link>
        </p>
        <button type="button" className="link" onClick={() => setClosed(true)}>
          Close
        </button>
      </Notice>
    </div>
  );
}
