"""stub"""
def page() -> str:
    return "# Events\n"
