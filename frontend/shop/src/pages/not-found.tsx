import { Link } from "wouter";
import { useTitle } from "../title";

export function NotFound() {
  useTitle("Not found");
  return (
    <div className="page empty">
      <h1>This page is not there</h1>
      <p>It may have been moved, or the address has a slip in it.</p>
      <Link href="/shop" className="button">
        To the shop
      </Link>
    </div>
  );
}
