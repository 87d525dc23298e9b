#!/bin/sh
# Installs one service as an image holds it: not editable, from hashes, nothing compiled. The Dockerfile runs it in its
# build stage, and tests/deploy/long/test_images.py the Dockerfile's own lines in an empty folder.
#
#   install.sh libraries TARGET               what all services need, from the lock, in an environment without pip
#   install.sh workshop WORKSHOP              what builds our wheels and writes the SBOM; not in the image
#   install.sh service NAME TARGET WORKSHOP   one service, its command as `service`, and the SBOM beside it
#
# Run it where requirements/, shared/ and services/ lie.
set -eu

export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore PIP_NO_CACHE_DIR=1
locked="--quiet --require-hashes --only-binary :all: -r"

libraries() {
  python3 -m venv --without-pip "$1"
  # shellcheck disable=SC2086  # these are words
  python3 -m pip --python "$1/bin/python" install $locked requirements/services.lock
}

workshop() {
  python3 -m venv "$1"
  # shellcheck disable=SC2086
  "$1/bin/python" -m pip install $locked requirements/image.lock
}

service() {
  name=$1 target=$2 workshop=$3
  "$workshop/bin/python" -m pip wheel --quiet --no-deps --no-build-isolation --wheel-dir "$workshop/wheels" \
    ./shared "./services/$name"
  "$workshop/bin/python" -m pip --python "$target/bin/python" install --quiet --no-deps --no-index \
    --find-links "$workshop/wheels" rapport-shared "rapport-$name"
  ln -s "$name" "$target/bin/service"
  "$workshop/bin/cyclonedx-py" environment --output-reproducible --output-format JSON \
    --output-file "$target/sbom.cdx.json" "$target/bin/python"
}

"$@"
