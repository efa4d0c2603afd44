"""Alembic's entry: runs the revisions on the connection that `gateway.migrations` hands over."""

from alembic import context

import confirm.ledger_store
import confirm.limits_store
import confirm.store
import gateway.identification.store
import gateway.lookup.store
import gateway.nodes
import gateway.timekeeping
import gateway.webhooks.store
import smsc_emulator.base.claims
import smsc_emulator.core.store
import smsc_emulator.operator.store
from smsc_emulator.base.database import metadata

STORES = (confirm, gateway, smsc_emulator)
"""Imported so that every package's tables stand on `metadata`."""

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
