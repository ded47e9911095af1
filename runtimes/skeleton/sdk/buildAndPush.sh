#!/bin/sh
# Builds the image and pushes it to its registry.
set -e
if [ -z "$1" ]; then
  echo 'Usage: ./buildAndPush.sh IMAGE [c|go|bash], such as ./buildAndPush.sh you/hello' >&2
  exit 2
fi
make -C "$(dirname "$0")" image IMAGE="$1" EXAMPLE="${2:-c}"
docker push "$1"
