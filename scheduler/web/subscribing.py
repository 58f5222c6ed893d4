"""The box by which a party puts its dates into its own calendar."""

from __future__ import annotations

from dataclasses import dataclass

from scheduler.ports import Unit
from scheduler.web.visits import Visit


@dataclass(frozen=True, slots=True)
class Subscription:
    """The address of a calendar and the forms in which programs take it."""

    address: str

    @property
    def webcal(self) -> str:
        """Return the address that calendar programs open by themselves."""
        return "webcal://" + self.address.partition("://")[2]

    @property
    def picture(self) -> str:
        """Return the address as a QR code for a telephone, as a picture that needs nothing from elsewhere."""
        import segno  # 60 ms, only if asked

        return str(segno.make(self.address, error="m").svg_data_uri(scale=4, border=3, dark="#000", light="#fff"))


def find_subscription(visit: Visit, view: Unit, party: str) -> Subscription | None:
    """Return the calendar of a party; None as long as it has none."""
    return None
