"""A report as CSV, for the API and the admin."""

import csv
import io

from django.http import HttpResponse

from analytics import report_cells
from analytics.selectors.reports import Report
from markrin.admin import exports


def build_csv_response(report: Report) -> HttpResponse:
    """Return the report as a file; no text in it that a spreadsheet takes for a formula."""
    out = io.StringIO()
    writer = csv.writer(out)
    columns = report.definition.columns
    writer.writerow([column.name for column in columns])
    for row in report.rows:
        writer.writerow(
            [
                _write_cell(report_cells.format_cell(v, c.kind), c.kind)
                for v, c in zip(row, columns, strict=True)
            ]
        )
    name = f"{report.name}-{report.first}-{report.last}.csv"
    disposition = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(
        out.getvalue(), content_type="text/csv; charset=utf-8", headers=disposition
    )


def _write_cell(cell: report_cells.Cell, kind: str) -> str:
    """Return a cell as text. A figure is ours and stays one, also below 0; other text gets an
    apostrophe where a spreadsheet could take it for a formula.
    """
    if kind in ("money", "ratio", "number"):
        return "" if cell is None else str(cell)
    return str(exports.cell_text(cell))
