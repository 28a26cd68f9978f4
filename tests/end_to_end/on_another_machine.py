"""The command as another machine runs it: folders are listed in another order, statements have one core."""

import os
import random

from orchestration.command import main

listed, scanned = os.listdir, os.scandir
shuffler = random.Random(7)  # any order but the usual one


class Shuffled:
    """What os.scandir gives: a context of entries."""

    def __init__(self, path: object = ".") -> None:
        with scanned(path) as found:
            self.entries = list(found)
        shuffler.shuffle(self.entries)

    def __enter__(self) -> "Shuffled":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __iter__(self) -> "Shuffled":
        return self

    def __next__(self) -> os.DirEntry:
        if not self.entries:
            raise StopIteration
        return self.entries.pop()

    def close(self) -> None:
        self.entries.clear()


def list_shuffled(path: object = ".") -> list:
    names = listed(path)
    shuffler.shuffle(names)
    return names


os.listdir, os.scandir = list_shuffled, Shuffled
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
os.umask(0o077)
main()
