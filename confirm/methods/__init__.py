"""One confirmation method a file; the registry names them."""

from collections.abc import Mapping

from confirm.methods import call_in, flash_call, mo_sms, sms_code
from confirm.methods.method import Method

METHODS: Mapping[str, Method] = {
    method.name: method for method in (sms_code.METHOD, flash_call.METHOD, call_in.METHOD, mo_sms.METHOD)
}
"""The methods by the names that requests give."""
