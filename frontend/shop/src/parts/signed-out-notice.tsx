/** Tells, once and politely, that the sign-in has ended without the shopper's doing. */

import { Link, useLocation } from "wouter";
import { t } from "../i18n";
import { shop, useSession } from "../shop";
import { Notice } from "./notice";

export function SignedOutNotice() {
  const session = useSession();
  const [path] = useLocation();
  const reason = session.signedIn ? null : session.reason;
  if (!reason || reason === "signed_out" || reason === "account_changed") return null;
  return (
    <div className="page notice-page" data-testid="signed-out">
      <Notice>
        <p>
          <strong>{t("You have been signed out.")}</strong>{" "}
          {reason === "session_revoked"
            ? t("Your sign-in was ended, to keep your account safe. Nothing in your bag is lost.")
            : t("You were away for a while. Nothing in your bag is lost.")}{" "}
          <Link href={`/sign-in?next=${encodeURIComponent(path)}`}>{t("Sign in again")}</Link>
        </p>
        <button type="button" className="link" onClick={() => shop.auth.dismiss()}>
          {t("Close")}
        </button>
      </Notice>
    </div>
  );
}
