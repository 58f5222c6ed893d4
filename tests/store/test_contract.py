"""The SQL store keeps the contract of its port."""

from __future__ import annotations

from tests.contracts.store_access import AccessContract
from tests.contracts.store_accounts import AccountsContract
from tests.contracts.store_decisions import DecidingContract
from tests.contracts.store_facts import FactsContract
from tests.contracts.store_feeds import FeedsContract
from tests.contracts.store_heartbeats import HeartbeatsContract
from tests.contracts.store_inbox import InboxContract
from tests.contracts.store_journal import JournalContract
from tests.contracts.store_outbox import OutboxContract
from tests.contracts.store_party_pages import DocumentsContract, PagesContract
from tests.contracts.store_plans import PlansContract
from tests.contracts.store_renames import RenamesContract
from tests.contracts.store_rungs import RungsContract
from tests.contracts.store_settlement import SettlingContract
from tests.contracts.store_units import UnitsContract


class TestPlans(PlansContract):
    pass


class TestFacts(FactsContract):
    pass


class TestRungs(RungsContract):
    pass


class TestRenames(RenamesContract):
    pass


class TestOutbox(OutboxContract):
    pass


class TestSettling(SettlingContract):
    pass


class TestDeciding(DecidingContract):
    pass


class TestAccounts(AccountsContract):
    pass


class TestAccess(AccessContract):
    pass


class TestFeeds(FeedsContract):
    pass


class TestInbox(InboxContract):
    pass


class TestPages(PagesContract):
    pass


class TestDocuments(DocumentsContract):
    pass


class TestJournal(JournalContract):
    pass


class TestHeartbeats(HeartbeatsContract):
    pass


class TestUnits(UnitsContract):
    pass
