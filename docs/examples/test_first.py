def test_a_code_arrives_and_confirms(lab):
    confirmation = lab.confirmations.start("+70000000001", "sms_code")
    code = lab.handset("+70000000001").wait_for_code()
    assert confirmation.check(code) == "confirmed"
