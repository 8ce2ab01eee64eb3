"""The rules inside an app, as a contract for import-linter: which layer may import which sibling.

`include` in `[tool.importlinter]` names the class. Between apps the stock `layers` contract holds.
"""

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output

# A layer of an app → the siblings it may import; what is not here (orders/pricing, a gateway)
# is a helper, and free.
MAY_IMPORT: dict[str, set[str]] = {
    "models": set(),
    "errors": set(),
    "events": set(),
    "schemas": {"models"},  # for their choices and limits alone
}
MAY_NOT_IMPORT: dict[str, set[str]] = {
    "services": {
        "selectors",
        "serializers",
    },  # they read by models, under their locks
    "selectors": {"services", "serializers"},
    "serializers": {
        "services",
        "selectors",
        "schemas",
    },  # they show what was already loaded
    "signals": {"services", "selectors", "serializers", "schemas"},
    "tasks": {"serializers", "schemas"},
}
# Entry points: nobody imports them but what connects them; celery_app.py holds tasks' names
# as strings.
ENTRY_POINTS: dict[str, set[str]] = {
    "views": {"urls", "views"},
    "tasks": {"tasks"},
    "signals": {"apps", "signals"},
}


class InsideAnApp(Contract):
    """No layer of an app imports a sibling that it must not; nothing imports an entry point."""

    type_name = "inside_an_app"
    apps = fields.ListField(subfield=fields.StringField())

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        """Look at every import between modules of the apps."""
        broken = []
        for importer in sorted(graph.modules):
            for imported in sorted(
                graph.find_modules_directly_imported_by(importer)
            ):
                if self._forbidden(importer, imported):
                    details = graph.get_import_details(
                        importer=importer, imported=imported
                    )
                    lines = ", ".join(
                        str(detail["line_number"]) for detail in details
                    )
                    broken.append(f"{importer} imports {imported} (line {lines})")
        return ContractCheck(kept=not broken, metadata={"broken": broken})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Print each import that is not allowed."""
        for line in check.metadata["broken"]:
            output.print_error(line)

    def _forbidden(self, importer: str, imported: str) -> bool:
        app, layer = _place(importer)
        other_app, other = _place(imported)
        # the field is a list once the contract is read
        if other_app not in self.apps:  # type: ignore[operator]
            return False
        if other in ENTRY_POINTS and not (
            app == other_app and layer in ENTRY_POINTS[other]
        ):
            return True
        if app != other_app or layer == other:
            return False
        return other in MAY_NOT_IMPORT.get(layer, set()) or (
            layer in MAY_IMPORT
            and other in _LAYERS
            and other not in MAY_IMPORT[layer]
        )


_LAYERS = {*MAY_IMPORT, *MAY_NOT_IMPORT, "views"}


def _place(module: str) -> tuple[str, str]:
    """Return the app and the layer of a module: `orders.services.stock` is in orders'
    services, as would be `orders.staff_services`."""
    app, layer, *_ = [*module.split("."), ""]
    if (
        layer == "public_events"
    ):  # what other systems are told: it shows rows, as a view does
        return app, layer
    last = layer.rpartition("_")[2]
    return app, last if last in {*_LAYERS, "urls"} else layer
