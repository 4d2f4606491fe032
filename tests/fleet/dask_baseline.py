"""Spreads the reading of host files over two Dask workers, and merges their parts.

Usage: dask_baseline.py IDREG HOSTS FLEET. Writes the fleet file of the `*.json` in the directory
HOSTS to FLEET, and prints the number of workers that took part.
"""

import subprocess
import sys
from pathlib import Path

from distributed import Client, LocalCluster, get_worker, wait

SHARDS = 8


def partial(idreg, hosts):
    """The fleet of these hosts, and the worker that read them."""
    command = [idreg, "baseline", "--partial", *hosts]
    return run(command), get_worker().address


def merged(idreg, one, other):
    """The fleet of two parts, which the standard input has in lines."""
    command = [idreg, "baseline", "--partial", "--merge", "-"]
    return run(command, one[0] + other[0]), get_worker().address


def run(command, text=b""):
    return subprocess.run(command, input=text, stdout=subprocess.PIPE, check=True).stdout


def main():
    idreg, hosts, fleet = sys.argv[1:]
    files = sorted(str(path) for path in Path(hosts).glob("*.json"))
    shards = [files[shard::SHARDS] for shard in range(SHARDS)]
    with LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
    ) as cluster, Client(cluster) as client:
        client.wait_for_workers(2)
        parts = client.map(partial, [idreg] * SHARDS, shards, pure=False)
        wait(parts)
        workers = {worker for _, worker in client.gather(parts)}
        while len(parts) > 1:
            pairs = zip(parts[::2], parts[1::2])
            parts = [client.submit(merged, idreg, *pair, pure=False) for pair in pairs]
        text, _ = parts[0].result()
    Path(fleet).write_bytes(text)
    print(len(workers), "workers")


if __name__ == "__main__":
    main()
