from smsc_emulator.base.clock import LabClock


class Real:
    seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def test_a_running_clock_follows_real_time() -> None:
    real = Real()
    clock = LabClock(1000, monotonic=real)
    real.seconds += 2.5
    assert clock.now() == 3500


def test_a_paused_clock_stands_still_and_resumes_where_it_stood() -> None:
    real = Real()
    clock = LabClock(1000, monotonic=real)
    real.seconds += 1
    clock.pause()
    real.seconds += 50
    assert clock.now() == 2000
    clock.resume()
    real.seconds += 1
    assert clock.now() == 3000


def test_the_clock_never_goes_back() -> None:
    clock = LabClock(1000, running=False)
    clock.move_to(500)
    assert clock.now() == 1000
    clock.move_to(1500)
    assert clock.now() == 1500


def test_a_clock_that_stands_still_never_reaches_a_later_instant() -> None:
    clock = LabClock(1000, running=False)
    assert clock.real_seconds_until(1001) is None
    assert clock.real_seconds_until(1000) == 0


def test_a_running_clock_tells_the_real_time_to_an_instant() -> None:
    assert LabClock(1000, monotonic=Real()).real_seconds_until(2500) == 1.5
