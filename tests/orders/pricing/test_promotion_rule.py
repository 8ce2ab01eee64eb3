"""The promotion rule reckoned again by brute force, piece by piece, on random carts.

Nothing here uses what it checks: conditions, effects, spreading and the choice are written a second
time, as docs/ promotions.md says them. `make pricing` tries 25,000 carts, an ordinary run some
hundreds.
"""

import itertools
import random
from fractions import Fraction
from typing import Any

from orders.pricing.effects import (
    AmountOff,
    BuyXGetY,
    FixedPrice,
    FreeShipping,
    PercentOff,
    TierBy,
    Tiered,
)
from orders.pricing.money import part_of_line
from orders.pricing.promotions import Cost, choose_promotions
from tests.orders.pricing.baskets import (
    ANYBODY,
    cases,
    line,
    promotion,
    random_lines,
    random_promotion,
    random_shopper,
)

# What the goods cost, and nothing else, is paid.
GOODS_ALONE = Cost(lambda prices, free: sum(prices), lambda *_: 0)


class Piece:
    """One piece on the table: the line it belongs to, what it costs by now, and whether it is in a
    set.
    """

    def __init__(self, row: int, price: int) -> None:
        self.row, self.price, self.in_set = row, price, False


def half_up(amount: Fraction) -> int:
    return int(amount + Fraction(1, 2))


def hand_out(amount: int, weights: list[int]) -> list[int]:
    """Give everybody the whole units of their exact share, then one each to who is farthest below
    it.
    """
    if sum(weights) == 0:
        return [0] * len(weights)
    exact = [Fraction(amount * weight, sum(weights)) for weight in weights]
    given = [int(share) for share in exact]
    while sum(given) < amount:
        short = [share - got for share, got in zip(exact, given, strict=True)]
        given[short.index(max(short))] += 1
    return given


def level(pieces: list[Piece], total: int) -> None:
    """Let these pieces cost `total` together, as evenly as whole units allow, the first ones the
    more.
    """
    for n, piece in enumerate(pieces):
        piece.price = total // len(pieces) + (n < total % len(pieces))


def portions(table: list[Piece], row: int) -> list[list[Piece]]:
    of_row = [piece for piece in table if piece.row == row]
    return [[p for p in of_row if not p.in_set], [p for p in of_row if p.in_set]]


def take(table: list[Piece], rows: list[int], amount: int) -> None:
    worth = [
        sum(piece.price for piece in table if piece.row == row) for row in rows
    ]
    for row, share in zip(rows, hand_out(amount, worth), strict=True):
        both = portions(table, row)
        totals = [sum(piece.price for piece in portion) for portion in both]
        for portion, total, less in zip(
            both, totals, hand_out(share, totals), strict=True
        ):
            if portion:
                level(portion, total - less)


def reach(effect, rows: list[int], lines):
    """Return the effect of the highest tier that is reached, or the effect itself."""
    if not isinstance(effect, Tiered):
        return effect
    reached = sum(
        lines[row].quantity
        * (lines[row].unit_price if effect.by == TierBy.SPEND else 1)
        for row in rows
    )
    steps = {
        tier.threshold: tier.effect
        for tier in effect.tiers
        if tier.threshold <= reached
    }
    return steps[max(steps)]


def apply(effect, table: list[Piece], rows: list[int]) -> int:
    """Change the prices of pieces one by one, and return what that takes off."""
    before = sum(piece.price for piece in table)
    if isinstance(effect, FixedPrice):
        for portion in itertools.chain(*(portions(table, row) for row in rows)):
            if sum(piece.price for piece in portion) > effect.price * len(portion):
                level(portion, effect.price * len(portion))
    elif isinstance(effect, BuyXGetY):
        make_sets(effect, table, rows)
    return before - sum(piece.price for piece in table)


def take_in_turn(effects, table: list[Piece], rows: list[int]) -> list[int]:
    """Take percentages and amounts off what is left by then, spread them together, and return what
    each takes off.
    """
    there = sum(piece.price for piece in table if piece.row in rows)
    off: list[int] = []
    for effect in effects:
        left = there - sum(off)
        if isinstance(effect, PercentOff):
            amount = half_up(left * Fraction(effect.percent) / 100)
            off.append(amount if effect.cap is None else min(effect.cap, amount))
        else:
            off.append(min(effect.amount, left))
    take(table, rows, sum(off))
    return off


def apply_all(candidate, table: list[Piece], rows_of, lines) -> dict[Any, int]:
    """Apply promotions in turn, and return what each takes off."""
    effects = {
        each.id: reach(each.effect, rows_of[each.id], lines) for each in candidate
    }

    def find_run(each):
        spread_together = isinstance(effects[each.id], PercentOff | AmountOff)
        return rows_of[each.id] if spread_together else each.id

    off: dict[Any, int] = {}
    for rows, run in itertools.groupby(candidate, key=find_run):
        ids = [each.id for each in run]
        if isinstance(rows, list):
            amounts = take_in_turn([effects[n] for n in ids], table, rows)
        else:
            amounts = [apply(effects[n], table, rows_of[n]) for n in ids]
        off.update(zip(ids, amounts, strict=True))
    return off


def make_sets(effect: BuyXGetY, table: list[Piece], rows: list[int]) -> None:
    loose = sorted(
        (piece for piece in table if piece.row in rows and not piece.in_set),
        key=lambda piece: (-piece.price, piece.row),
    )
    while len(loose) >= effect.buy + effect.get:
        members, loose = (
            loose[: effect.buy + effect.get],
            loose[effect.buy + effect.get :],
        )
        cheapest = sum(sorted(piece.price for piece in members)[: effect.get])
        off = half_up(cheapest * Fraction(effect.percent) / 100)
        if off:
            shares = hand_out(off, [piece.price for piece in members])
            for piece, share in zip(members, shares, strict=True):
                piece.price -= share
                piece.in_set = True


def is_met(each, rows: list[int], lines, shopper) -> bool:
    wants = each.conditions
    pieces = sum(lines[row].quantity for row in rows)
    spent = sum(lines[row].quantity * lines[row].unit_price for row in rows)
    if isinstance(each.effect, Tiered):
        reached = spent if each.effect.by == TierBy.SPEND else pieces
        if reached < min(tier.threshold for tier in each.effect.tiers):
            return False
    if (
        isinstance(each.effect, BuyXGetY)
        and pieces < each.effect.buy + each.effect.get
    ):
        return False
    return (
        bool(rows)
        and (wants.starts_at is None or wants.starts_at <= shopper.now)
        and (wants.ends_at is None or shopper.now < wants.ends_at)
        and pieces >= wants.min_pieces
        and spent >= wants.min_spend
        and (not wants.group_ids or bool(wants.group_ids & shopper.group_ids))
        and (shopper.is_first_order or not wants.first_order_only)
        and (not wants.countries or shopper.country in wants.countries)
    )


def meant_rows(each, lines) -> list[int]:
    wants = each.conditions
    rows = []
    for row, of in enumerate(lines):
        named = wants.product_ids or wants.category_ids or wants.collection_ids
        is_named = (
            of.product_id in wants.product_ids
            or wants.category_ids & of.category_ids
            or wants.collection_ids & of.collection_ids
        )
        if (is_named or not named) and not (
            wants.exclude_sale_items and of.on_sale
        ):
            rows.append(row)
    return rows


def reckon(lines, shopper, promotions, cost):
    """Return the cheapest of all candidates: what it costs, each line's price, which ids took how
    much off.
    """
    rows_of = {each.id: meant_rows(each, lines) for each in promotions}
    met = [
        each
        for each in promotions
        if is_met(each, rows_of[each.id], lines, shopper)
    ]
    candidates = [[], [each for each in met if not each.exclusive]]
    candidates += [[each] for each in met if each.exclusive]
    found = []
    for candidate in candidates:
        table = [
            Piece(row, of.unit_price)
            for row, of in enumerate(lines)
            for _ in range(of.quantity)
        ]
        inorder = sorted(candidate, key=lambda each: (each.priority, each.id))
        free = next(
            (e for e in inorder if isinstance(e.effect, FreeShipping)), None
        )
        lowering = [e for e in inorder if not isinstance(e.effect, FreeShipping)]
        off = apply_all(lowering, table, rows_of, lines)
        used = [each for each in lowering if off[each.id]]
        prices = [
            sum(p.price for p in table if p.row == row) for row in range(len(lines))
        ]
        paid = cost(prices, False)
        if free is not None and cost(prices, True) < paid:
            paid = cost(prices, True)
            used.append(free)
            used.sort(key=lambda each: (each.priority, each.id))
        rank = (
            paid,
            not used,
            used[0].priority if used else 0,
            used[0].id if used else None,
        )
        found.append(
            (rank, prices, [(each.id, off.get(each.id, 0)) for each in used])
        )
    return min(found, key=lambda each: each[0])


def test_the_engine_chooses_and_takes_off_what_the_rule_says():
    tried = cases(600, 25_000)
    winners: set[Any] = set()
    for seed in range(tried):
        dice = random.Random(seed)
        lines = random_lines(dice)
        shopper = random_shopper(dice)
        promotions = [
            random_promotion(dice, n) for n in range(1, dice.randint(1, 7))
        ]
        fee, free_above = (
            dice.choice([0, 50, 5000]),
            dice.choice([1000, 20_000, 10**9]),
        )

        def cost(prices, free, fee=fee, free_above=free_above):
            return sum(prices) + (0 if free or sum(prices) > free_above else fee)

        # What is said of all lines together is what they cost, or the least that it can be.
        worth = sum(of.total for of in lines)

        def exactly(reduction, free, beaten_by, cost=cost, worth=worth):
            return cost([worth - reduction.off], free)

        def at_least(reduction, free, beaten_by, n=seed % 90, worth=worth):
            return max(0, worth - reduction.off - n)

        exact, least = Cost(cost, exactly), Cost(cost, at_least)
        outcome = choose_promotions(lines, shopper, promotions, exact)
        assert choose_promotions(lines, shopper, promotions, least) == outcome, seed
        (paid, *_), prices, used = reckon(lines, shopper, promotions, cost)
        assert [
            (each.promotion.id, each.amount) for each in outcome.discounts
        ] == used, seed
        off = [
            sum(each.shares[row] for each in outcome.discounts)
            for row in range(len(lines))
        ]
        assert [
            of.total - less for of, less in zip(lines, off, strict=True)
        ] == prices, seed
        assert all(each.amount == sum(each.shares) for each in outcome.discounts), (
            seed
        )
        assert all(
            share >= 0 for each in outcome.discounts for share in each.shares
        ), seed
        free = any(each.ships_free for each in outcome.discounts)
        assert cost(prices, free) == paid, seed
        winners.update(type(each.promotion.effect) for each in outcome.discounts)
    assert len(winners) == 6  # every kind of effect has won


def test_pieces_of_sets_give_back_their_share_in_every_order():
    """Return every piece of small carts with buy-X sets in every order there is: always the same
    for each line, and what was paid for all of it; and no piece gives more or less than its line's
    price for one, to the paisa.
    """
    for seed in range(cases(60, 2000)):
        dice = random.Random(seed)
        lines = [
            line(dice.randint(1, 2000), dice.randint(1, 3), n) for n in range(1, 4)
        ][: dice.randint(1, 3)]
        sets = promotion(BuyXGetY(dice.randint(1, 2), 1))
        outcome = choose_promotions(
            lines, random_shopper(dice), [sets], GOODS_ALONE
        )
        off = [
            sum(each.shares[row] for each in outcome.discounts)
            for row in range(len(lines))
        ]
        paid = [of.total - less for of, less in zip(lines, off, strict=True)]
        pieces = [row for row, of in enumerate(lines) for _ in range(of.quantity)]
        for order in set(itertools.permutations(pieces[:7])):
            gone, back = [0] * len(lines), [0] * len(lines)
            for row in order:
                share = part_of_line(
                    paid[row], 1, lines[row].quantity, before=gone[row]
                )
                assert abs(share - Fraction(paid[row], lines[row].quantity)) < 1
                gone[row] += 1
                back[row] += share
            for row, of in enumerate(lines):
                if gone[row] == of.quantity:
                    assert back[row] == paid[row], (seed, order)


def test_nobody_does_better_by_ordering_twice():
    three_for_two = promotion(BuyXGetY(2, 1))

    def saved(prices: list[int]) -> int:
        lines = [line(price, 1, n) for n, price in enumerate(prices, 1)]
        outcome = choose_promotions(lines, ANYBODY, [three_for_two], GOODS_ALONE)
        return sum(each.amount for each in outcome.discounts)

    for seed in range(cases(100, 5000)):
        dice = random.Random(seed)
        prices = [dice.randint(1, 1000) for _ in range(6)]
        whole = saved(prices)
        for first in itertools.combinations(range(6), 3):
            rest = [price for n, price in enumerate(prices) if n not in first]
            assert whole >= saved([prices[n] for n in first]) + saved(rest), (
                seed,
                first,
            )
