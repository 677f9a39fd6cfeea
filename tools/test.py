#!/usr/bin/env python3
"""Run the tests of a build folder and end with the line `N passed, N failed` (`, N skipped` when there are any).

usage: tools/test.py [--long [--fuzz FUZZING_BUILD_FOLDER]] BUILD_FOLDER"""
import argparse
import os
import pathlib
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree

ROOT = pathlib.Path(__file__).resolve().parent.parent
# Tests mostly wait: two files at a time for each core.
WORKERS = min(8, 2 * (os.cpu_count() or 1))
PYTEST = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-n", str(WORKERS), "--dist", "loadfile"]

# What `--long` runs once more, with the firmware as an ordinary program with the address sanitizer (targets/hosted).
HOSTED = [f"tests/system/test_{name}.py" for name in ("first_boot", "ftp", "program", "repl", "resets", "telnet")]
# What takes longer there than in `make test`, by WIPY_TEST_LONG.
LONGER = ["tests/system/test_ota_model.py", "tests/system/test_sd_storm.py", "tests/system/test_sd_pc.py", "tests/system/test_clients.py"]
# The same with the release build, whose memory is as it is for users.
LONGER_RELEASE = ["tests/system/test_endurance.py"]


class Count:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def one(self, ok):
        self.passed += ok
        self.failed += not ok

    def junit(self, path, status):
        """Add the results in a JUnit file; a run that left none, or ended badly without a failed test, is a failure."""
        failed_before = self.failed
        try:
            cases = list(ElementTree.parse(path).iter("testcase"))
        except (OSError, ElementTree.ParseError):
            cases = []
        for case in cases:
            if case.find("failure") is not None or case.find("error") is not None or case.get("status") == "fail":
                self.failed += 1
            elif case.find("skipped") is not None:
                self.skipped += 1
            else:
                self.passed += 1
        if not cases or (status != 0 and self.failed == failed_before):
            self.failed += 1


def run(title, command, **options):
    print(f"== {title}", flush=True)
    return subprocess.run(command, cwd=ROOT, check=False, **options).returncode


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--long", action="store_true", help="run the longer sweeps instead of the ordinary tests")
    parser.add_argument("--fuzz", type=pathlib.Path, help="a build with the preset `fuzz`: run its harnesses, too")
    parser.add_argument("build", type=pathlib.Path)
    arguments = parser.parse_args()
    build = arguments.build.resolve()
    count = Count()
    environment = dict(os.environ, WIPY=str(build / "wipy"), WIPY_BUILD=str(build))

    with tempfile.TemporaryDirectory() as folder:
        reports = pathlib.Path(folder)
        if not arguments.long:
            count.one(run("direction of includes", [sys.executable, "tools/check_includes.py"]) == 0)
        selection = ["-L", "long"] if arguments.long else ["-LE", "long"]
        status = run("unit tests", ["ctest", "--test-dir", build, "-j", str(os.cpu_count() or 1), *selection, "--output-on-failure", "--output-junit", reports / "unit.xml"])
        count.junit(reports / "unit.xml", status)
        tests, extra = ("tests/system",), {}
        if arguments.long:
            tests, extra = HOSTED, {"WIPY_HOSTED_FIRMWARE": str(build / "targets/hosted/hosted")}
        status = run("system tests" + (", the firmware with the address sanitizer" if arguments.long else ""),
                     [*PYTEST, *tests, "-q", f"--junit-xml={reports / 'system.xml'}"], env={**environment, **extra})
        count.junit(reports / "system.xml", status)
        if arguments.long:
            for title, tests, wipy in (("longer system tests", LONGER, build / "wipy"),
                                       ("endurance of the release build", LONGER_RELEASE, ROOT / "build/wipy")):
                status = run(title, [*PYTEST, *tests, "-q", f"--junit-xml={reports / 'longer.xml'}"],
                             env={**environment, "WIPY_TEST_LONG": "1", "WIPY": str(wipy)})
                count.junit(reports / "longer.xml", status)
        if arguments.fuzz:
            count.one(run("fuzzing", [sys.executable, "tests/fuzz/run", arguments.fuzz]) == 0)
        some = [] if arguments.long else ["--only", "net_hosted"]
        count.one(run("MicroPython's own tests", [sys.executable, "tests/conformance/run", *some], env=environment) == 0)

    skipped = f", {count.skipped} skipped" if count.skipped else ""
    print(f"{count.passed} passed, {count.failed} failed{skipped}")
    return 1 if count.failed else 0


if __name__ == "__main__":
    sys.exit(main())
