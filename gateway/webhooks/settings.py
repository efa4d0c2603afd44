"""The webhooks' section of the configuration."""

from ipaddress import IPv4Network, IPv6Network

from smsc_emulator.base.config import Duration, Section


class WebhookSettings(Section):
    """Notices to the services."""

    allow_networks: list[IPv4Network | IPv6Network] = [IPv4Network("127.0.0.0/8"), IPv6Network("::1/128")]
    """Networks that receivers may live in although they are not public. A production gateway has none."""
    timeout: Duration = 15_000
    """Real time a receiver has to answer."""
    retry_after: list[Duration] = [5_000, 300_000, 1_800_000, 7_200_000, 18_000_000, 36_000_000, 36_000_000]
    """Lab time between one failed delivery and the next: the Standard Webhooks schedule."""
