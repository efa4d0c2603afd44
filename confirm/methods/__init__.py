"""One confirmation method a file; the registry names them."""

from collections.abc import Mapping

from confirm.methods import sms_code
from confirm.methods.method import Method

METHODS: Mapping[str, Method] = {method.name: method for method in (sms_code.METHOD,)}
"""The methods by the names that requests give."""
