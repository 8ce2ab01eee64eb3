"""Who and what takes the places of a large demo's first customers and products, each time that its
block of trade is repeated (repeats.py).

A twin of a customer lives in the same state and joined earlier; a twin of a product costs the same,
is taxed the same and was there earlier. So an order stays right, to its taxes, with all of its
people and products replaced by their twins.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import TypeVar

from demo.catalogue import Article
from demo.people import Person
from demo.sale import STATE

T = TypeVar("T")
# How often the trade of a large demo happens, each time among other people: Python makes a fifth.
ROUNDS = 5


class Twins:
    """The people who buy and the articles that they buy, in so many rounds: `leaders` and `sold`
    are those of the first, in the order of `everyone` and `articles`. In one round they are all.

    A person is in one place of one round, so that nobody buys twice what was bought once. Up to
    rounds - 1 people of each state are in none. Of few articles that cost the same, some are in
    several rounds.
    """

    def __init__(
        self,
        rounds: int,
        articles: Iterable[Article],
        everyone: Iterable[Person],
        classes: Mapping[str | None, str],
    ) -> None:
        self.rounds = rounds
        people = _group(everyone, rounds, lambda person: person.address[STATE])
        self._people = {
            group[-1].number: group[::-1]
            for group in people
            if len(group) == rounds
        }
        self._articles = {
            group[-1].number: [group[-1 - r % len(group)] for r in range(rounds)]
            for group in _group(
                articles,
                rounds,
                lambda each: (classes[each.garment.category], each.price),
            )
        }
        self.leaders = [each for each in everyone if each.number in self._people]
        self.sold = [each for each in articles if each.number in self._articles]

    def list_people(self, leader: Person) -> list[Person]:
        """Return who takes the place of a person in each round; in the first it is they."""
        return self._people[leader.number]

    def list_articles(self, article: Article) -> list[Article]:
        """Return what takes the place of an article in each round; in the first it is itself."""
        return self._articles[article.number]


def _group(
    things: Iterable[T], size: int, key: Callable[[T], Hashable]
) -> list[list[T]]:
    """Return those alike, which are in the order of their age, `size` at a time or fewer."""
    alike: dict[Hashable, list[T]] = defaultdict(list)
    for thing in things:
        alike[key(thing)].append(thing)
    return [
        each[start : start + size]
        for each in alike.values()
        for start in range(0, len(each), size)
    ]
