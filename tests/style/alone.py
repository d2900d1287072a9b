#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Compiles every source file and every header alone, with the warnings of the house as errors.

A build may take many files as one unit (-Dunity=on), where one file's includes serve the next. Here each stands for
itself. A header that a source file of its name includes first is done with that.

What compiled is not compiled again until it, what it includes or its flags have changed.
"""

import concurrent.futures
import hashlib
import json
import pathlib
import shlex
import subprocess
import sys

FOLDERS = ("common", "devices", "vmm", "daemon", "cli")
WARNINGS = ("-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Wnon-virtual-dtor", "-Wold-style-cast",
            "-Wimplicit-fallthrough", "-Werror")
# Of a target's flags, what says how its text is read. Sanitizers and optimisation only cost time here.
# Folders of the project's own are left out: everything is included by its path from the top.
KEPT = ("-D", "-isystem", "-std", "-Wno-", "-pthread")


def flags_of(parameters):
    words = iter(parameters)
    for word in words:
        if word in ("-isystem", "-D"):
            yield from (word, next(words))
        elif word.startswith(KEPT) and word != "-Wno-subobject-linkage":  # which is for such units alone
            yield word


def parts_of(unit):
    """The files that meson has put together as one unit."""
    for line in unit.read_text().splitlines():
        if line.startswith("#include"):
            yield (unit.parent / line[len("#include"):].strip(' "<>')).resolve()


def sources(build):
    """(file, flags) of all that the build compiles."""
    targets = json.loads(subprocess.run(["meson", "introspect", "--targets", str(build)], check=True,
                                        capture_output=True, text=True).stdout)
    for target in targets:
        for part in target.get("target_sources", []):
            if part.get("language") == "cpp":
                flags = list(flags_of(part["parameters"]))
                yield from ((pathlib.Path(file), flags) for file in part["sources"])
                for unit in map(pathlib.Path, part["generated_sources"]):
                    yield from ((file, flags) for file in parts_of(unit))


def first_include(file):
    return next((line.split('"')[1] for line in file.read_text().splitlines() if line.startswith('#include "')), None)


def digest(file):
    return hashlib.sha256(pathlib.Path(file).read_bytes()).hexdigest()


class Stamps:
    """For each job, what it read when it last went well."""

    def __init__(self, folder, compiler):
        self.folder = folder
        folder.mkdir(exist_ok=True)
        version = subprocess.run([*compiler, "--version"], check=True, capture_output=True, text=True).stdout
        self.compiler = [*compiler, version]
        self.digests = {}

    def path(self, job):
        return self.folder / hashlib.sha256(json.dumps([self.compiler, job]).encode()).hexdigest()[:32]

    def fresh(self, job):
        try:
            read = json.loads(self.path(job).read_text())
            return all(self.digest_of(file) == sum for file, sum in read.items())
        except (OSError, ValueError):
            return False

    def digest_of(self, file):
        if file not in self.digests:
            self.digests[file] = digest(file)
        return self.digests[file]

    def keep(self, job, files):
        self.path(job).write_text(json.dumps({file: digest(file) for file in files}))


def compile_alone(job, text, root, build, compiler, stamps):
    """What the compiler says if it is not content; None if it is."""
    name, flags = job
    if stamps.fresh(job):
        return None
    made = stamps.path(job).with_suffix(".d")
    done = subprocess.run([*compiler, *flags, *WARNINGS, "-fsyntax-only", "-I", str(root), "-MD", "-MF", str(made),
                           "-x", "c++", "-" if text else name],
                          input=text, capture_output=True, text=True, cwd=build)
    if done.returncode:
        return f"{name}:\n{done.stderr}"
    words = shlex.split(made.read_text().replace("\\\n", " "))[1:]
    stamps.keep(job, [str((build / word).resolve()) for word in words if word != "-"])
    made.unlink()
    return None


def main():
    root, build, *compiler = sys.argv[1:]
    root, build = pathlib.Path(root), pathlib.Path(build)
    stamps = Stamps(build / "alone", compiler)
    jobs, done_with = [], set()
    for file, flags in {(str(f), tuple(flags)) for f, flags in sources(build)}:
        jobs.append(((file, list(flags)), None))
        done_with.add(first_include(pathlib.Path(file)))
    for header in sorted(file for folder in FOLDERS for file in (root / folder).rglob("*.hpp")):
        name = header.relative_to(root).as_posix()
        twice = f'#include "{name}"\n#include "{name}"\n'
        if name not in done_with or header.read_text().count("#pragma once") != 1:
            jobs.append(((name, ["-std=c++20"]), twice))
    with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
        results = pool.map(lambda job: compile_alone(*job, root, build, compiler, stamps), sorted(jobs, key=str))
        failed = [result for result in results if result]
    print("\n".join(failed) or f"{len(jobs)} files compile alone")
    return 1 if failed or not jobs else 0


if __name__ == "__main__":
    sys.exit(main())
