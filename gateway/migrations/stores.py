"""Every module that declares tables, imported so that all of them stand on `metadata`; a test misses one left out."""

import confirm.calls_store
import confirm.ledger_store
import confirm.limits_store
import confirm.store
import gateway.identification.store
import gateway.lookup.store
import gateway.nodes
import gateway.services.broadcasts
import gateway.services.findings
import gateway.services.lists
import gateway.services.store
import gateway.timekeeping
import gateway.webhooks.store
import smsc_emulator.base.claims
import smsc_emulator.core.store
import smsc_emulator.operator.store
import smsc_emulator.voice.store
from smsc_emulator.base.database import metadata

__all__ = ["STORES", "metadata"]

STORES = (confirm, gateway, smsc_emulator)
