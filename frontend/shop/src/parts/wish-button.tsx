/** The heart on a product. */

import { useMutation, useQuery } from "@tanstack/react-query";
import { putWish, refresh, removeWish, wishlist } from "../api";
import { said } from "../errors";
import { t } from "../i18n";
import { guestWishlist, useProductList } from "../own-lists";
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
  const kept = useProductList(guestWishlist); // a guest's, until somebody signs in
  const wished = signedIn
    ? (data?.items.some((item) => item.product.id === productId) ?? false)
    : kept.includes(productId);
  const tell = useToast();
  const change = useMutation({
    // Told what was wanted: by the time that it is done, a first answer may have said what is.
    mutationFn: (wish: boolean) => setWish(productId, wish, signedIn),
    onSuccess: (_, wish) => tell(t(wish ? "{name} is on your wishlist." : "{name} is off your wishlist.", { name })),
    onError: (error) => tell(said(error)),
    onSettled: () => signedIn && refresh(wishlist().queryKey),
  });
  const words = wished ? t("Remove from wishlist") : t("Add to wishlist");
  return (
    <button
      type="button"
      className={labelled ? "button button-quiet" : "icon-button wish"}
      aria-pressed={wished}
      aria-label={`${words}: ${name}`}
      disabled={change.isPending}
      onClick={() => change.mutate(!wished)}
    >
      <Icon name="heart" filled={wished} />
      {labelled && words}
    </button>
  );
}

async function setWish(productId: string, wish: boolean, signedIn: boolean): Promise<void> {
  if (signedIn) await (wish ? putWish(productId) : removeWish(productId));
  else if (wish) guestWishlist.add(productId);
  else guestWishlist.remove(productId);
}
