#!/bin/sh
# What a processing job runs. Its folder holds source.tar.gz and requirements.txt; all arguments go to training.preprocess,
# and the first two are `--message FILE`: SageMaker shows that file as the job's ExitMessage.
set -eu
message=$2
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

failed() {
  mkdir -p "$(dirname -- "$message")" && printf '%s\n' "$1" > "$message" || true
  printf '%s\n' "$1" >&2
  exit 1
}

python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || failed "The image has no Python 3.11 or newer."
tar -xzf "$here/source.tar.gz" -C "$work" || failed "The code of the job cannot be unpacked."
PYTHONPATH="$work${PYTHONPATH:+:$PYTHONPATH}"
export PYTHONPATH PYTHONDONTWRITEBYTECODE=1
if ! python3 -m training.installed "$here/requirements.txt"; then
  python3 -m pip install --quiet --disable-pip-version-check --require-hashes --target "$work" \
    -r "$here/requirements.txt" || failed "What the job needs cannot be installed: see its log."
fi
python3 -m training.preprocess "$@"
