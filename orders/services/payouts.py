"""What providers pay out to the shop's bank, and the fees that they keep."""

from markrin.db import transactions
from orders import gateways
from orders.gateways.base import ProviderPayout
from orders.models import Payout
from orders.services import ledger


def book_payout(*, provider_name: str, payout_ref: str) -> dict[str, str]:
    """Ask for a payout that a webhook told of, and book it; the body of a job.

    Raises: ProviderDown, and the job comes back.
    """
    provider = gateways.get(provider_name)
    if provider is None:
        return {"outcome": "no such provider"}
    told = provider.get_payout(payout_ref)
    return {
        "outcome": "booked"
        if take_from_provider(provider_name, told)
        else "known already"
    }


@transactions.durable
def take_from_provider(provider_name: str, told: ProviderPayout) -> bool:
    """Book what the provider says of a payout, once; return whether there was anything new."""
    payout, is_new = Payout.objects.get_or_create(
        provider=provider_name,
        provider_ref=told.ref,
        defaults={
            "amount": told.amount,
            "fees": told.fees,
            "currency": told.currency,
            "failed": told.failed,
            "paid_at": told.paid_at,
        },
    )
    if is_new:
        ledger.book_payout(payout)
    if not told.failed:
        return is_new
    if payout.failed and not is_new:
        return False
    Payout.objects.filter(pk=payout.pk).update(failed=True)
    ledger.unbook_payout(payout)
    return True
