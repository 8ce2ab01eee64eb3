/** The heart on a product. */

import { useMutation, useQuery } from "@tanstack/react-query";
import { useLocation } from "wouter";
import { putWish, refresh, removeWish, wishlist } from "../api";
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
    // Told what was wanted: by the time that it is done, a first answer may have said what is.
    mutationFn: (wish: boolean) => (wish ? putWish(productId) : removeWish(productId)),
    onSuccess: (_, wish) => tell(wish ? `${name} is on your wishlist.` : `${name} is off your wishlist.`),
    onError: (error) => tell(said(error)),
    onSettled: () => refresh(wishlist().queryKey),
  });
  const words = wished ? "Remove from wishlist" : "Add to wishlist";
  return (
    <button
      type="button"
      className={labelled ? "button button-quiet" : "icon-button wish"}
      aria-pressed={wished}
      aria-label={`${words}: ${name}`}
      disabled={change.isPending}
      onClick={() => (signedIn ? change.mutate(!wished) : go(`/sign-in?next=${encodeURIComponent(location.pathname)}`))}
    >
      <Icon name="heart" filled={wished} />
      {labelled && words}
    </button>
  );
}
