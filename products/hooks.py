"""What other apps tell the catalogue: settings.HOOKS names their functions."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from markrin.hooks import declare_hook
from products.importing.row_files import RowReport
from products.importing.run import ImportRun, JobOptions
from products.moving.archive_table import ArchiveTable


@dataclass(frozen=True)
class SearchCount:
    """A text that shoppers search for, and how often: nobody is named by it."""

    text: str
    times: int


@declare_hook
def list_vain_searches(*, limit: int) -> list[SearchCount]:
    """Return what was searched for in the last 30 days and not found, the most often first."""
    raise NotImplementedError  # never run: only the signature counts


@declare_hook
def list_popular_searches(*, beginning: str, limit: int) -> list[SearchCount]:
    """Return what begins so (in small letters), was searched for in the last 30 days and was found,
    the most often first.
    """
    raise NotImplementedError  # never run: only the signature counts


@declare_hook
def list_promotions(
    *, category_id: UUID | None, collection_id: UUID | None
) -> list[str]:
    """Return the names of the promotions that go by this category, or this collection. Without it
    they would be about everything, so it cannot be deleted.
    """
    raise NotImplementedError  # never run: only the signature counts


@declare_hook
def count_waiting_pieces(*, variant_ids: Collection[UUID]) -> dict[UUID, int]:
    """Return how many pieces of these variants were sold, not cancelled, and have not left."""
    raise NotImplementedError  # never run: only the signature counts


@declare_hook
def import_rows(
    *,
    kind: str,
    path: Path,
    report: RowReport,
    options: JobOptions,
    dry_run: bool,
    run: ImportRun,
) -> None:
    """Import a file whose kind (`products.models.import_job.ImportKind`) is one of the app's own.

    Raises:
        FileRefused: it is no such file.
    """
    raise NotImplementedError  # never run: only the signature counts


@declare_hook
def list_archive_tables() -> list[ArchiveTable]:
    """Return the app's own tables that an archive of the shop has besides the catalogue's."""
    raise NotImplementedError  # never run: only the signature counts
