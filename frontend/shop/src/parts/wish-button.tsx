/** The heart on a product. */

import { useMutation, useQuery } from "@tanstack/react-query";
import { useLocation } from "wouter";
import { putWish, refreshWishlist, removeWish, wishlist } from "../api";
import { said } from "../errors";
import { useSession } from "../shop";
import { Icon } from "./icon";
import { useToast } from "./toast";

export function WishButton({
  productId,
  name,
  labelled = false,
}: {
  productId: string;
  name: string;
  labelled?: boolean;
}) {
  const { signedIn } = useSession();
  const { data } = useQuery({ ...wishlist(), enabled: signedIn });
  const wished = data?.items.some((item) => item.product.id === productId) ?? false;
  const [, go] = useLocation();
  const tell = useToast();
  const change = useMutation({
    mutationFn: () => (wished ? removeWish(productId) : putWish(productId)),
    onSuccess: () => tell(wished ? `${name} is off your wishlist.` : `${name} is on your wishlist.`),
    onError: (error) => tell(said(error)),
    onSettled: refreshWishlist,
  });
  const words = wished ? "Remove from wishlist" : "Add to wishlist";
  return (
    <button
      type="button"
      className={labelled ? "button button-quiet" : "icon-button wish"}
      aria-pressed={wished}
      aria-label={`${words}: ${name}`}
      disabled={change.isPending}
      onClick={() => (signedIn ? change.mutate() : go(`/sign-in?next=${encodeURIComponent(location.pathname)}`))}
    >
      <Icon name="heart" filled={wished} />
      {labelled && words}
    </button>
  );
}
