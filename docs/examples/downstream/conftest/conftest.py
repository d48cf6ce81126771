# An interposer of one's own in ten lines: pytest --pyargs pytest_vfork.conformance --vfork-interposer=mine
from pytest_vfork import Boot, Interposer


class Mine(Interposer):
    name = "mine"
    version = "1.0"

    def boot(self, log=None):
        return Boot(prefix=("nice", "-n", "1"))


def pytest_vfork_extensions():
    return [Mine]
